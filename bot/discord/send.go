package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
)

// payload is a message in Discord's form, for a channel or in answer to an interaction.
type payload struct {
	Content         string                            `json:"content"`
	Components      []discordgo.MessageComponent      `json:"components"`
	Flags           discordgo.MessageFlags            `json:"flags"`
	AllowedMentions *discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Nonce           string                            `json:"nonce,omitempty"`
	EnforceNonce    bool                              `json:"enforce_nonce,omitempty"`
	Attachments     *[]attachment                     `json:"attachments,omitempty"`
}

// attachment is a file of a message, by the number of its part. When a message is edited, those that are not named are
// removed: https://discord.com/developers/docs/reference#uploading-files
type attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"` // what those hear or read who do not see it
}

// maxDescription bounds the description of a file, in characters.
// https://discord.com/developers/docs/resources/message#attachment-object
const maxDescription = 1024

// described is the list of a message's files: its photo, described by its caption.
func described(m msg.Message) *[]attachment {
	if m.Photo == nil {
		return nil
	}
	caption := strings.Map(msg.Visible, strings.ToValidUTF8(strings.TrimSpace(m.Text.String()), "\ufffd"))
	if chars := []rune(caption); len(chars) > maxDescription {
		caption = string(chars[:maxDescription-1]) + "…"
	}
	return &[]attachment{{"0", chartName, caption}}
}

const chartName = "chart.png"

// newPayload is the only place where payloads are made: none can mention anybody, or show the preview of a link.
func newPayload(m msg.Message) payload {
	nobody := []discordgo.AllowedMentionType{} // not nil, which would be encoded as null
	flags := discordgo.MessageFlagsSuppressEmbeds
	if m.Silent {
		flags |= discordgo.MessageFlagsSuppressNotifications
	}
	return payload{
		Content:         markdown(m.Text),
		Components:      components(m.Buttons),
		Flags:           flags,
		AllowedMentions: &discordgo.MessageAllowedMentions{Parse: nobody},
		Nonce:           m.Nonce,
		EnforceNonce:    m.Nonce != "",
		Attachments:     described(m),
	}
}

// newEdit is newPayload for a message that takes the place of another, and of its files.
func newEdit(m msg.Message) payload {
	m.Silent = false // an edit never rings, and Discord takes the flag with new messages only
	p := newPayload(m)
	if p.Attachments == nil {
		p.Attachments = &[]attachment{}
	}
	return p
}

// components returns the rows of buttons, at most five of five. A button's id is its command.
func components(rows [][]msg.Button) []discordgo.MessageComponent {
	out := []discordgo.MessageComponent{}
	for _, row := range rows {
		var buttons discordgo.ActionsRow
		for _, b := range row {
			buttons.Components = append(buttons.Components, discordgo.Button{
				Label: b.Label, CustomID: b.Command, Style: discordgo.SecondaryButton,
			})
		}
		out = append(out, buttons)
	}
	return out
}

// Send posts m to the channel, in the order of the calls. If Discord refuses the photo, the text is posted alone, with
// the fallback if there is one and it fits. For some minutes Discord recognizes a message by its Nonce, so that a
// second attempt makes no duplicate.
//
// It never truncates a message: one that does not fit is rejected. It waits up to five seconds for a rate limit, and
// otherwise returns *msg.RetryAfterError, without a request. Every request is abandoned after 15 seconds.
func (c *Client) Send(ctx context.Context, channel string, m msg.Message) error {
	_, err := c.Post(ctx, channel, m)
	return err
}

// Post is Send, and returns the id of the message; "" if Discord's answer has none.
func (c *Client) Post(ctx context.Context, channel string, m msg.Message) (id string, err error) {
	return c.submit(ctx, http.MethodPost, discordgo.EndpointChannelMessages(channel), m)
}

// Edit replaces the text of a message.
// https://discord.com/developers/docs/resources/message#edit-message
func (c *Client) Edit(ctx context.Context, channel, id string, m msg.Message) error {
	m.Nonce = ""
	return c.post(ctx, http.MethodPatch, discordgo.EndpointChannelMessage(channel, id), m)
}

// post tries to post the message, and classifies the error.
func (c *Client) post(ctx context.Context, method, address string, m msg.Message) error {
	_, err := c.submit(ctx, method, address, m)
	return err
}

// submit is post, and returns the id of the message.
func (c *Client) submit(ctx context.Context, method, address string, m msg.Message) (id string, err error) {
	answer, err := c.tryFor(ctx, method, address, m)
	if err != nil {
		return "", classify(err)
	}
	var message struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(answer, &message) // without an id it cannot be edited, and has arrived all the same
	return message.ID, nil
}

// try is tryFor without the answer.
func (c *Client) try(ctx context.Context, method, address string, m msg.Message) error {
	_, err := c.tryFor(ctx, method, address, m)
	return err
}

// tryFor makes the request with the photo, and makes it again without if Discord refuses the photo. It returns the body
// of the answer.
func (c *Client) tryFor(ctx context.Context, method, address string, m msg.Message) (answer []byte, err error) {
	if !c.Fits(m) {
		return nil, &msg.RejectedError{Reason: "longer than Discord allows"}
	}
	payload := newPayload
	if method == http.MethodPatch {
		payload = newEdit
	}
	answer, err = c.request(ctx, method, address, payload(m), m.Photo)
	if m.Photo != nil && refusesPhoto(err) {
		return c.request(ctx, method, address, payload(m.InWords(c.Fits)), nil)
	}
	return answer, err
}

// refusesPhoto reports whether the text alone may be accepted: the photo may be too large or invalid, or attachments
// forbidden in the channel.
func refusesPhoto(err error) bool {
	e, ok := errors.AsType[*refusal](err)
	return ok && (e.status == http.StatusBadRequest || e.status == http.StatusRequestEntityTooLarge ||
		e.code == missingPermissions || e.code == uploadsLimited)
}

// call makes one request.
func (c *Client) call(ctx context.Context, method, address string, body any, photo []byte) error {
	_, err := c.request(ctx, method, address, body, photo)
	return err
}

// request makes one request, and returns the body of the answer. The library's own calls lack the nonce, and wait for
// each other regardless of ctx, which a new rate limit bucket for each request avoids.
func (c *Client) request(
	ctx context.Context, method, address string, body any, photo []byte,
) (answer []byte, err error) {
	kind := "application/json"
	data, err := json.Marshal(body)
	if photo != nil {
		kind, data, err = discordgo.MultipartBodyWithJSON(body, []*discordgo.File{
			{Name: chartName, ContentType: "image/png", Reader: bytes.NewReader(photo)},
		})
	}
	if err != nil {
		return nil, &msg.RejectedError{Reason: err.Error()}
	}
	bucket := discordgo.NewRatelimiter().LockBucket("")
	return c.rest.RequestWithLockedBucket(method, address, kind, data, bucket, 0, discordgo.WithContext(ctx))
}
