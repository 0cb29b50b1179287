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

// post is a message as Discord takes it, in a channel and in answer to an interaction alike.
type post struct {
	Content         string                            `json:"content"`
	Components      []discordgo.MessageComponent      `json:"components"`
	Flags           discordgo.MessageFlags            `json:"flags"`
	AllowedMentions *discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Nonce           string                            `json:"nonce,omitempty"`
	EnforceNonce    bool                              `json:"enforce_nonce,omitempty"`
}

// newPost is the only maker of posts: none can mention anybody, and none shows a preview of a link.
func newPost(m msg.Message) post {
	return post{
		Content:         markdown(m.Text),
		Components:      components(m.Buttons),
		Flags:           discordgo.MessageFlagsSuppressEmbeds,
		AllowedMentions: &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}, // nil would be null
		Nonce:           m.Nonce,
		EnforceNonce:    m.Nonce != "",
	}
}

// components are at most five rows of five buttons. A button's id is its command.
func components(rows [][]msg.Button) []discordgo.MessageComponent {
	out := []discordgo.MessageComponent{}
	for _, row := range rows {
		var line discordgo.ActionsRow
		for _, b := range row {
			line.Components = append(line.Components, discordgo.Button{
				Label: b.Label, CustomID: b.Command, Style: discordgo.SecondaryButton,
			})
		}
		out = append(out, line)
	}
	return out
}

// Send posts m to the channel, in the order of the calls. It waits five seconds at most for a rate limit, and leaves
// longer waits to the caller. A picture that Discord does not take is
// left out; its rows of text take its place where there is room. Within minutes Discord knows a message
// again by its Nonce, and a second attempt at it makes no copy.
func (c *Client) Send(ctx context.Context, channel string, m msg.Message) error {
	return c.deliver(ctx, http.MethodPost, discordgo.EndpointChannelMessages(channel), m)
}

// deliver makes the request with the picture, and without it when that is what Discord refuses.
func (c *Client) deliver(ctx context.Context, method, address string, m msg.Message) error {
	p := newPost(m)
	err := c.write(ctx, method, address, p, m.Photo)
	if m.Photo != nil && refusesPhoto(err) {
		if plain := m.WithoutPhoto(); c.Fits(plain) {
			p = newPost(plain)
		}
		err = c.write(ctx, method, address, p, nil)
	}
	return classify(err)
}

// refusesPhoto reports whether the text alone may go through: the picture is too large, or not good, or may not be
// attached in this channel.
func refusesPhoto(err error) bool {
	e, ok := errors.AsType[*refusal](err)
	return ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge || e.Code == missingPermissions)
}

// write makes one request. The library's own calls know no nonce, and wait for one another deaf to ctx: hence a
// rate limit bucket that is new each time.
func (c *Client) write(ctx context.Context, method, address string, body any, photo []byte) error {
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
