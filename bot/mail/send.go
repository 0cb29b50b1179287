package mail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"friendlyfire/bot/msg"
)

// Send hands a mail for one recipient to the server. Every attempt has the same Message-ID, by which mail programs
// know a repeat. It never truncates a message: one that does not fit is rejected. If the server refuses the picture,
// the text is sent alone, with the fallback if there is one and it fits.
//
// When more mails have gone to a recipient than anybody reads, it returns *msg.RetryAfterError without connecting. An
// attempt takes 90 seconds at most, and nearly always less than one.
func (c *Client) Send(ctx context.Context, to string, m msg.Message) error {
	if !isAddress(to) {
		return &msg.NotSentError{Reason: "because that is no mail address", After: rareTry}
	}
	if !c.Fits(m) {
		return &msg.RejectedError{Reason: "because it is too long for a mail"}
	}
	lane := c.words
	if m.Photo != nil {
		lane = c.pictures
	}
	select {
	case lane <- struct{}{}:
		defer func() { <-lane }()
	case <-ctx.Done():
		return &msg.NotSentError{Reason: ctx.Err().Error(), Unreached: true}
	}
	if wait := c.spend(to); wait > 0 {
		return &msg.RetryAfterError{After: wait, Scope: msg.ThisChat}
	}
	ctx, done := msg.WithGrace(ctx)
	defer done()
	err := c.submit(ctx, to, m)
	if m.Photo != nil && refusesPicture(err) {
		c.Logger(platform).Warn("picture refused, its text is sent alone", "error", err)
		err = c.submit(ctx, to, m.InWords(c.Fits))
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		c.Logger(platform).Info("refused", "error", r)
	}
	err = classify(err)
	c.day.Take(err)
	return err
}

// submit makes one attempt.
func (c *Client) submit(ctx context.Context, to string, m msg.Message) error {
	text, err := c.compose(to, m)
	if err != nil {
		return &msg.RejectedError{Reason: err.Error()}
	}
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	return c.end(s, c.hand(s, to, text))
}

// hand hands the text of the mail to the server.
func (c *Client) hand(s *session, to string, text []byte) error {
	if err := c.envelope(s, to, len(text)); err != nil {
		return err
	}
	s.begin(announcing, replyLimit)
	w, err := s.client.Data()
	if err != nil {
		return err
	}
	s.deadline = time.Time{}
	s.begin(writing, textLimit)
	if _, err := w.Write(text); err != nil {
		return err
	}
	s.step = message // from here on the server may have all of it
	return w.Close()
}

// envelope says from whom a mail of this size comes, and to whom it goes.
func (c *Client) envelope(s *session, to string, size int) error {
	s.begin(sender, replyLimit)
	from := "<" + c.from.Address + ">"
	if offered, most := s.client.Extension("SIZE"); offered { // RFC 1870
		if limit := 0; scan(most, &limit) && limit > 0 && size > limit {
			return &refusal{sender, 552, "5.3.4", fmt.Sprintf("the mail has %d bytes, and it takes %d", size, limit)}
		}
		from += fmt.Sprintf(" SIZE=%d", size)
	}
	if err := s.client.Mail(from); err != nil {
		return err
	}
	s.begin(recipient, replyLimit)
	return s.client.Rcpt("<" + to + ">")
}

// scan reads a number, and reports whether it is one.
func scan(s string, into *int) bool {
	n, err := strconv.Atoi(s)
	*into = n
	return err == nil
}
