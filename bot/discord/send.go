package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

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
}

// newPayload is the only place where payloads are made: none can mention anybody, or show the preview of a link.
func newPayload(m msg.Message) payload {
	nobody := []discordgo.AllowedMentionType{} // not nil, which would be encoded as null
	return payload{
		Content:         markdown(m.Text),
		Components:      components(m.Buttons),
		Flags:           discordgo.MessageFlagsSuppressEmbeds,
		AllowedMentions: &discordgo.MessageAllowedMentions{Parse: nobody},
		Nonce:           m.Nonce,
		EnforceNonce:    m.Nonce != "",
	}
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
// It never truncates a message: one that does not fit is rejected. It waits up to five seconds for a rate limit, and otherwise returns *msg.RetryAfterError, without a request. Every
// request is abandoned after 15 seconds.
func (c *Client) Send(ctx context.Context, channel string, m msg.Message) error {
	return c.post(ctx, http.MethodPost, discordgo.EndpointChannelMessages(channel), m)
}

// post tries to post the message, and classifies the error.
func (c *Client) post(ctx context.Context, method, address string, m msg.Message) error {
	return classify(c.try(ctx, method, address, m))
}

// try makes the request with the photo, and makes it again without if Discord refuses the photo.
func (c *Client) try(ctx context.Context, method, address string, m msg.Message) error {
	if !c.Fits(m) {
		return &msg.RejectedError{Reason: "longer than Discord allows"}
	}
	err := c.call(ctx, method, address, newPayload(m), m.Photo)
	if m.Photo != nil && refusesPhoto(err) {
		err = c.call(ctx, method, address, newPayload(m.InWords(c.Fits)), nil)
	}
	return err
}

// refusesPhoto reports whether the text alone may be accepted: the photo may be too large or invalid, or attachments
// forbidden in the channel.
func refusesPhoto(err error) bool {
	e, ok := errors.AsType[*refusal](err)
	return ok && (e.status == http.StatusBadRequest || e.status == http.StatusRequestEntityTooLarge ||
		e.code == missingPermissions || e.code == uploadsLimited)
}

// call makes one request. The library's own calls lack the nonce, and wait for each other regardless of ctx, which a
// new rate limit bucket for each request avoids.
func (c *Client) call(ctx context.Context, method, address string, body any, photo []byte) error {
	kind := "application/json"
	data, err := json.Marshal(body)
	if photo != nil {
		kind, data, err = discordgo.MultipartBodyWithJSON(body, []*discordgo.File{
			{Name: "chart.png", ContentType: "image/png", Reader: bytes.NewReader(photo)},
		})
	}
	if err != nil {
		return &msg.RejectedError{Reason: err.Error()}
	}
	bucket := discordgo.NewRatelimiter().LockBucket("")
	_, err = c.rest.RequestWithLockedBucket(method, address, kind, data, bucket, 0, discordgo.WithContext(ctx))
	return err
}
