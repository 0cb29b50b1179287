package mail

import (
	"errors"
	"strings"
	"testing"

	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

func TestCheckKnowsWhatTheServerTakes(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		if name, err := c.Me(t.Context()); err != nil || name != mailtest.From {
			t.Errorf("Me = %q, %v", name, err)
		}
		if title, err := c.CanPost(t.Context(), mailtest.Admin); err != nil || title == "" {
			t.Errorf("CanPost = %q, %v", title, err)
		}
		if n := len(s.Mails()); n != 0 {
			t.Errorf("check has sent %d mails", n)
		}
	})
	for name, test := range map[string]struct {
		verb, reply    string
		change         func(*Client)
		unsure         bool
		reason, advice string
	}{
		"unknown": {
			"RCPT", "550 5.1.1 <admin@example.org>: no such user", nil, false,
			"takes no mail for this address (550 5.1.1 <admin@example.org>: no such user)", "",
		},
		"greylisted": {"RCPT", "450 4.7.1 greylisted", nil, true, "try again later (450 4.7.1 greylisted)", "tries again by itself"},
		"relay":      {"RCPT", "554 5.7.1 Relay access denied", nil, false, "passes on no mail", "want a login"},
		"no login": {
			"", "", func(c *Client) { c.password = config.Secret{} }, false, "wants a login", "user and password_file",
		},
		"another's from": {
			"", "", func(c *Client) { c.from.Address = "ceo@example.org" }, false,
			"does not let us send as the address in [mail] from", "the account's own address",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
				if test.change != nil {
					test.change(c)
				}
				s.Script(func(step mailtest.Step) mailtest.Fault {
					if step.Verb == test.verb && test.reply != "" {
						return mailtest.Reply(test.reply)
					}
					return nil
				})
				_, err := c.CanPost(t.Context(), mailtest.Admin)
				reach, ok := errors.AsType[*msg.ReachError](err)
				if !ok || reach.Unsure != test.unsure || !strings.Contains(reach.Reason, test.reason) ||
					!strings.Contains(reach.Advice, test.advice) {
					t.Errorf("CanPost = %#v, want %q and %q", err, test.reason, test.advice)
				}
			})
		})
	}
}
