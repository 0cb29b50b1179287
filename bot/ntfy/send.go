package ntfy

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
)

// Send publishes m to the topic. If the server refuses the picture, the text is published alone, with the fallback if
// there is one and it fits.
func (c *client) Send(ctx context.Context, chat string, m msg.Message) error {
	if err := c.checkHeld(); err != nil {
		return err
	}
	err := c.publish(ctx, c.topics[chat], m)
	c.day.Take(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok {
		c.held = time.Now().Add(limit.After)
	}
	if c.refusals[chat] == nil {
		c.refusals[chat] = &post.Refusals{}
	}
	c.refusals[chat].Learn(err)
	return err
}

// checkHeld returns an error while a 429, to whichever topic, is not over, or the day's messages are to be eked out.
func (c *client) checkHeld() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if after := max(time.Until(c.held), c.day.Wait()); after > 0 {
		return &msg.RetryAfterError{After: after, Scope: msg.WholePlatform}
	}
	return nil
}

// publish makes the requests that a message takes: another one where the server does not take its picture or its
// button.
func (c *client) publish(ctx context.Context, topic string, m msg.Message) error {
	n := newNotification(topic, m)
	if c.noActions.Load() {
		n.Actions = nil
	}
	err := c.attempt(ctx, n, m.Photo)
	if no, ok := errors.AsType[*refusal](err); ok && no.code == codeActions && n.Actions != nil {
		c.noActions.Store(true)
		n.Actions = nil
		err = c.attempt(ctx, n, m.Photo)
	}
	if no, ok := errors.AsType[*refusal](err); ok && m.Photo != nil && no.aboutPicture() {
		return c.publish(ctx, topic, m.InWords(c.Fits))
	}
	return classify(err)
}

// attempt makes one request.
func (c *client) attempt(ctx context.Context, n notification, picture []byte) error {
	if c.pace.Wait(ctx) != nil {
		return &msg.NotSentError{Reason: "stopped before it was sent", Unreached: true}
	}
	r, err := c.publication(n, picture)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(ctx, r)
	if err != nil && answer.Status/100 < 3 {
		return err // unclear, unless it says that nothing was sent
	}
	return read(answer)
}

// publication is the request for a notification: JSON, or with a picture the picture, and all else in headers.
func (c *client) publication(n notification, picture []byte) (*http.Request, error) {
	if picture == nil {
		body := encode(n)
		if len(body) > maxBody { // the text is worth more
			n.Actions = nil
			body = encode(n)
		}
		return c.request(http.MethodPost, "/", bytes.NewReader(body))
	}
	r, err := c.request(http.MethodPut, "/"+n.Topic, bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"X-Title": n.Title, "X-Message": unescaped.Replace(n.Message), "X-Tags": strings.Join(n.Tags, ","), "X-Sequence-ID": n.Sequence,
		"X-Priority": strconv.Itoa(n.Priority), "X-Filename": "report.png",
	} {
		if value != "" {
			r.Header.Set(name, header(value))
		}
	}
	return r, nil
}

// unescaped replaces the backslash of what the server would make a line end of, in the header of a message.
var unescaped = strings.NewReplacer(`\n`, "＼n")

// header is a value as it travels in a header, where the server decodes RFC 2047. Plain ASCII stays as it is, unless it
// looks encoded.
func header(value string) string {
	if looksEncoded(value) {
		return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(value)) + "?="
	}
	return mime.BEncoding.Encode("utf-8", value)
}

// looksEncoded reports whether something in the text may be decoded: RFC 2047, section 2.
func looksEncoded(text string) bool { return strings.Contains(text, "=?") }

// request is a request to the server, with the token if there is one.
func (c *client) request(method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, c.server+path, body)
	if err != nil {
		return nil, errors.New("ntfy: the address of the server is not one")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return r, nil
}
