package mail

import (
	"context"
	"errors"
	"strings"

	"friendlyfire/bot/msg"
)

// Me returns the sender's address. That it does shows that the server lets us in.
func (c *Client) Me(ctx context.Context) (name string, err error) {
	ctx, done := msg.WithGrace(ctx)
	defer done()
	s, err := c.connect(ctx)
	if err != nil {
		return "", classify(err)
	}
	return c.from.Address, c.end(s, nil)
}

// CanPost asks the server whether it takes mail for the recipient, and sends none. A *msg.ReachError says why it does
// not. A server that passes the mail on may find out only later.
func (c *Client) CanPost(ctx context.Context, to string) (title string, err error) {
	ctx, done := msg.WithGrace(ctx)
	defer done()
	s, err := c.connect(ctx)
	if err != nil {
		return "", classify(err)
	}
	if err := c.end(s, c.envelope(s, to, 0)); err != nil {
		return "", c.explain(err)
	}
	return "the mail server takes mail for it", nil
}

// explain adds to a refusal what a person can do about it.
func (c *Client) explain(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return classify(err)
	}
	out := &msg.ReachError{Reason: r.meaning() + " (" + strings.TrimSpace(r.codes()+" "+r.text) + ")"}
	switch {
	case r.code/100 == 4:
		out.Unsure = true
		out.Advice = "The bot tries again by itself. Many servers make senders wait whom they do not know yet."
	case r.wantsLogin():
		out.Advice = "Write user and password_file in [mail]."
	case r.step == sender:
		out.Advice = "Most servers want the account's own address in [mail] from."
	case r.step == recipient && r.refusesRelay():
		out.Advice = "Does the server want a login? Then write user and password_file in [mail]."
	}
	return out
}
