package mail

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
)

// outcome is what becomes of a message after an error.
func outcome(err error) string {
	if _, ok := errors.AsType[*msg.RejectedError](err); ok {
		return "given up"
	}
	if limit, ok := errors.AsType[*msg.RetryAfterError](err); ok && limit.Scope == msg.WholePlatform {
		return "limited"
	}
	switch no, ok := errors.AsType[*msg.NotSentError](err); {
	case err == nil:
		return "sent"
	case !ok:
		return "unclear"
	case no.Unknown:
		return "in doubt"
	case no.After == rareTry:
		return "held rarely"
	case no.After == patience:
		return "held"
	}
	return "soon"
}

// The replies are those of Postfix, Exim, Exchange Online, Gmail and RFC 3463; the outcome follows from what they mean.
func TestR30EveryReplyHasItsOutcome(t *testing.T) {
	type replies map[string][]string
	for verb, outcomes := range map[string]replies{
		"": {
			"limited":     {"421 4.7.0 too many connections"},
			"held":        {"450 4.3.2 shutting down", "421 busy"},
			"held rarely": {"554 5.7.1 your address is blocked", "554 no SMTP service here", "521 5.3.2 no mail here"},
		},
		"AUTH": {
			"limited": {"421 4.7.0 too many attempts", "454 4.7.0 too many login attempts"},
			"held": {
				"454 4.7.0 Temporary authentication failure", "432 4.7.12 password transition",
				"535 5.7.8 authentication failed", "535 wrong", "534 5.7.9 application-specific password required",
				"538 5.7.11 encryption required", "550 5.7.1 account disabled", // and the next wait is longer
			},
		},
		"MAIL": {
			"held": {
				"450 4.1.8 sender domain not found", "451 4.7.1 greylisted", "452 4.3.1 insufficient storage", "421 4.3.2 down",
			},
			"limited": {"452 4.5.3 too many messages", "450 4.7.1 sending rate exceeded"},
			"held rarely": {
				"553 5.7.1 sender address rejected: not owned by user", "550 5.1.8 sender rejected", "530 5.7.0 authenticate first",
				"501 5.1.7 bad sender", "550 5.7.60 client does not have permissions to send as this sender", "503 bad sequence",
				"550 5.4.5 daily user sending limit exceeded", "555 5.5.4 parameter not recognized",
			},
			"given up": {"552 5.3.4 message size exceeds fixed limit", "552 too big"},
		},
		"RCPT": {
			"held": {
				"450 4.2.0 greylisted", "451 4.7.1 greylisting in action", "452 4.2.2 mailbox full", "450 4.1.1 unverified", "421 4.4.2 timeout",
			},
			"limited": {"452 4.5.3 too many recipients", "450 4.7.1 rate limit", "450 4.7.1 quota exceeded"},
			"held rarely": {
				"550 5.1.1 user unknown", "550 no such user", "551 5.1.6 moved", "553 5.1.3 bad syntax", "552 5.2.2 mailbox full",
				"550 5.2.1 mailbox disabled", "554 5.7.1 relay access denied", "550 5.1.10 recipient not found", "556 5.1.10 null MX",
				"550 5.7.1 not allowed", "552 over quota", "554 5.4.14 hop count exceeded", "550 5.4.5 daily limit",
			},
		},
		"DATA": {
			"held":        {"451 4.3.0 error", "421 4.3.2 down"},
			"limited":     {"450 4.7.1 rate limit"},
			"held rarely": {"554 5.5.1 no valid recipients", "503 5.5.1 sequence", "550 5.7.1 no"},
		},
		".": {
			"held": {
				"451 4.3.0 queue file write error", "452 4.3.1 insufficient storage", "450 4.7.1 try later",
				"451 4.7.500 server busy", "452 4.2.2 mailbox full", "452 4.2.2 over quota",
			},
			"limited": {"421 4.7.28 unusual traffic", "432 4.3.2 concurrent connections limit exceeded", "450 throttled"},
			"held rarely": {
				"550 5.1.1 user unknown", "552 5.2.2 mailbox full", "550 5.4.5 daily user sending limit exceeded",
				"552 5.4.5 daily limit", "550 5.2.1 disabled",
			},
			"in doubt": {
				"554 5.7.1 rejected as spam", "550 5.7.1 likely unsolicited mail", "550 5.7.26 fails DMARC", "554 transaction failed",
				"550 rejected", "571 blocked", "554 5.3.0 error", "552 5.7.0 blocked for its content", "550 5.9.9 unheard of",
			},
			"given up": {
				"552 5.3.4 too big", "552 too big", "554 5.6.0 malformed", "550 5.6.1 media not supported", "554 5.6.2 conversion", "552 5.2.3 too long",
				"554 5.3.4 too big",
			},
		},
	} {
		for want, replies := range outcomes {
			for _, reply := range replies {
				inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
					s.Script(func(step mailtest.Step) mailtest.Fault {
						if step.Verb == verb {
							return mailtest.Reply(reply + " XYZZY")
						}
						return nil
					})
					err := c.Send(t.Context(), mailtest.Admin, say("alert"))
					if got := outcome(err); got != want {
						t.Errorf("%q to %q: %s, want %s (%v)", reply, verb, got, want, err)
					}
					worded := err != nil && strings.Contains(err.Error(), " because ") && strings.Contains(err.Error(), reply[:3])
					if !worded && want != "limited" {
						t.Errorf("%q to %q: %v does not say why", reply, verb, err)
					}
					if err != nil && strings.Contains(err.Error(), "XYZZY") {
						t.Errorf("%q to %q: %v has the server's words, which may hold anything", reply, verb, err)
					}
				})
			}
		}
	}
}

// Where a server says how long to wait, it is obeyed.
func TestR04TheServersOwnWaitIsObeyed(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"greylisted, try again in 300 seconds":                  5 * time.Minute,
		"Greylisting in action, please come back in 00:04:59":   4*time.Minute + 59*time.Second,
		"rate limit, come back in 10 minutes":                   10*time.Minute + 59*time.Second,
		"try in 5 s":                                            time.Minute,
		"try again in 99999 seconds":                            time.Hour,
		"try again later":                                       time.Minute,
		"greylisted, see the page in 12 monkeys":                time.Minute,
		"try again in 99999999999999999999999999 seconds or so": time.Minute,
	} {
		if got := (&refusal{text: text}).after(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What breaks before the whole message is there is not sent, and what breaks after it is open.
func TestR30OnlyALostAnswerIsOpen(t *testing.T) {
	for name, fault := range map[string]mailtest.Fault{
		"cut": mailtest.Cut(), "hangs": mailtest.Hang(), "drips": mailtest.Drip(), "floods": mailtest.Flood(),
		"nonsense": mailtest.Reply("hello"), "empty": mailtest.Reply(""),
	} {
		for _, verb := range []string{"", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "."} {
			t.Run(fmt.Sprintf("%s at %s", name, verb), func(t *testing.T) {
				inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
					s.Script(func(step mailtest.Step) mailtest.Fault {
						if step.Verb == verb {
							return fault
						}
						return nil
					})
					began := time.Now()
					err := c.Send(t.Context(), mailtest.Admin, say("alert"))
					want := map[bool]string{true: "unclear", false: "soon"}[verb == "."]
					if got := outcome(err); got != want {
						t.Errorf("%s, want %s: %v", got, want, err)
					}
					most := replyLimit + time.Second
					if verb == "." {
						most = textLimit + time.Second
					}
					if took := time.Since(began); took > most {
						t.Errorf("it took %v", took)
					}
				})
			})
		}
	}
}

// The server's leave does not matter: the message is there.
func TestALeaveThatFailsCostsNothing(t *testing.T) {
	for name, fault := range map[string]mailtest.Fault{
		"cut": mailtest.Cut(), "hangs": mailtest.Hang(), "refused": mailtest.Reply("502 no"), "drips": mailtest.Drip(),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
				s.Script(func(step mailtest.Step) mailtest.Fault {
					if step.Verb == "QUIT" {
						return fault
					}
					return nil
				})
				began := time.Now()
				if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A server is late to answer while it looks for viruses.
func TestASlowServerIsWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Script(func(step mailtest.Step) mailtest.Fault {
			if step.Verb == "." {
				return mailtest.Late(50 * time.Second)
			}
			return mailtest.Late(3 * time.Second)
		})
		if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err != nil {
			t.Error(err)
		}
	})
}

// Who tries wrong passwords is locked out, or banned by Fail2Ban at the fifth within ten minutes.
func TestR07RefusedLoginsStayRare(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Script(func(step mailtest.Step) mailtest.Fault {
			if step.Verb == "AUTH" {
				return mailtest.Reply("535 5.7.8 authentication failed")
			}
			return nil
		})
		began := time.Now()
		for time.Since(began) < 24*time.Hour {
			for _, to := range []string{mailtest.Admin, mailtest.Second} {
				err := c.Send(t.Context(), to, say("alert"))
				if _, ok := errors.AsType[*msg.RetryAfterError](err); !ok && outcome(err) == "unclear" {
					t.Fatal(err)
				}
			}
			time.Sleep(20 * time.Second)
		}
		tries := s.Steps("AUTH")
		for i := 4; i < len(tries); i++ {
			if tries[i].Time.Sub(tries[i-4].Time) < 10*time.Minute {
				t.Fatalf("five logins in %v", tries[i].Time.Sub(tries[i-4].Time))
			}
		}
		if n := len(tries); n < 90 || n > 110 {
			t.Errorf("%d logins in a day, want about 96", n)
		}
		s.Script(nil)
		time.Sleep(rareTry)
		if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err != nil {
			t.Error(err)
		}
	})
}
