package mail

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

func TestS01PasswordIsInNoErrorAndNoLog(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	plain := encode([]byte("\x00" + mailtest.User + "\x00" + mailtest.Password))
	for _, echo := range []string{
		mailtest.Password, plain, encode([]byte(mailtest.Password)), "AUTH PLAIN " + plain, "x" + mailtest.Password + "x",
	} {
		for _, verb := range []string{"", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "."} {
			for _, reply := range []string{"535 5.7.8 ", "454 4.7.0 ", "250-", "", "334 ", "550-5.7.1 "} {
				inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
					log := bottest.NewLogCapture(t)
					c.Log = log.Logger()
					s.Script(func(step mailtest.Step) mailtest.Fault {
						if step.Verb == verb {
							return mailtest.Reply(reply+echo, reply+echo, "550 "+echo)
						}
						return nil
					})
					_, me := c.Me(t.Context())
					c.logins.accepted()
					_, post := c.CanPost(t.Context(), mailtest.Admin)
					c.logins.accepted()
					send := c.Send(t.Context(), mailtest.Admin, say("x"))
					c.logins.accepted()
					photo := c.Send(t.Context(), mailtest.Admin, shown(t, "x"))
					all := log.String()
					for _, err := range []error{me, post, send, photo} {
						all += fmt.Sprintf(" %v %+v %#v", err, err, err)
					}
					for _, secret := range []string{mailtest.Password, plain, encode([]byte(mailtest.Password)), bottest.Canary} {
						if strings.Contains(all, secret) {
							t.Fatalf("%q to %q: the password is in %s", reply+echo, verb, all)
						}
					}
				})
			}
		}
	}
}

// impostors are what people are told of some of them.
var impostors = map[string]string{
	"STARTTLS stripped": " offers no encryption", "stripped, no password": " offers no encryption",
	"another's name": "'s certificate is for another name", "another's name, TLS": "'s certificate is for another name",
	"self-signed": "'s certificate is signed by nobody", "expired": "'s certificate is not valid at this time",
}

// Nothing is sent to a server that is not the one, or over a connection that others may read.
func TestS11AndS12NothingIsSentToAnImpostor(t *testing.T) {
	other := mailtest.Certificate("mail.example.net")
	for name, test := range map[string]struct {
		server  func(*mailtest.Server)
		address string
		arrives bool
	}{
		"STARTTLS":              {func(*mailtest.Server) {}, "mail.example.org:587", true},
		"TLS":                   {func(s *mailtest.Server) { s.Implicit = true }, "mail.example.org:465", true},
		"TLS at another port":   {func(s *mailtest.Server) { s.Implicit = true }, "smtps://mail.example.org:2465", true},
		"STARTTLS stripped":     {func(s *mailtest.Server) { s.Bare = true }, "mail.example.org:587", false},
		"stripped, no password": {func(s *mailtest.Server) { s.Bare, s.Open = true, true }, "mail.example.org:25", false},
		"another's name":        {func(*mailtest.Server) {}, "mail.example.com:587", false},
		"another's name, TLS":   {func(s *mailtest.Server) { s.Implicit = true }, "mail.example.com:465", false},
		"self-signed": {func(s *mailtest.Server) {
			s.TLS = &tls.Config{Certificates: []tls.Certificate{other.Pair()}} //nolint:gosec // of a fake
		}, "mail.example.net:587", false},
		"expired": {func(*mailtest.Server) { time.Sleep(101 * 366 * 24 * time.Hour) }, "mail.example.org:587", false},
		"TLS 1.1 at best": {func(s *mailtest.Server) {
			s.TLS = &tls.Config{Certificates: []tls.Certificate{mailtest.Certificate(mailtest.Host).Pair()}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec,lll // what is tested
		}, "mail.example.org:587", false},
		"plain where TLS is":                                          {func(s *mailtest.Server) { s.Bare = true }, "mail.example.org:465", false},
		"on this machine":                                             {func(s *mailtest.Server) { s.Bare = true }, "127.0.0.1:25", true},
		"on this machine, the login only over TLS":                    {func(*mailtest.Server) {}, "127.0.0.1:587", true},
		"on this machine, nobody's name, the login only over TLS":     {func(*mailtest.Server) {}, "[::1]:587", false},
		"on this machine, another's certificate, and nobody logs in.": {func(s *mailtest.Server) { s.Open = true }, "[::1]:25", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := mailtest.InMemory(t)
				test.server(s)
				c := newTestClient(t, s, test.address, mailtest.Roots())
				if s.Open {
					c.password = config.Secret{}
				}
				err := c.Send(t.Context(), mailtest.Admin, say("alert"))
				if (err == nil) != test.arrives || outcome(err) == "unclear" {
					t.Errorf("Send = %v, want it to arrive: %v", err, test.arrives)
				}
				if says := impostors[name]; says != "" && !strings.Contains(err.Error(), "because the mail server"+says) {
					t.Errorf("Send = %v, want it to say that it%s", err, says)
				}
				for _, step := range s.Steps("*") {
					if !test.arrives && (step.Verb == "AUTH" || step.Verb == "MAIL" || step.Verb == ".") {
						t.Errorf("%q was sent", step.Line)
					}
				}
			})
		})
	}
}

// What a thief on the way says before TLS begins counts for nothing after it.
func TestS11WhatIsSaidInPlainTextCountsForNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Script(func(step mailtest.Step) mailtest.Fault {
			switch step.Verb {
			case "EHLO":
				if !step.Secure {
					return mailtest.Reply("250-mail.example.org", "250-AUTH PLAIN LOGIN", "250 STARTTLS")
				}
			case "STARTTLS":
				return mailtest.Reply("220 go ahead", "250-mail.example.org", "250 AUTH PLAIN", "235 2.7.0 welcome", "250 fine")
			}
			return nil
		})
		if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err == nil {
			t.Error("sent without TLS")
		}
		if n := len(s.Steps("AUTH")); n != 0 {
			t.Error("the password was sent in plain text")
		}
	})
}

func TestLoginsOfAllKinds(t *testing.T) {
	for _, ways := range [][]string{
		{"PLAIN"},
		{"LOGIN"},
		{"LOGIN", "PLAIN"},
		{"XOAUTH2", "CRAM-MD5", "LOGIN"},
		{"SCRAM-SHA-1"},
		{"SCRAM-SHA-256"},
		{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"},
	} {
		inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
			s.Ways = ways
			if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err != nil {
				t.Errorf("%v: %v", ways, err)
			}
		})
	}
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Ways, c.password = []string{"SCRAM-SHA-256"}, config.NewSecret("another")
		if err := c.Send(t.Context(), mailtest.Admin, say("alert")); err == nil || !strings.Contains(err.Error(), "(535") {
			t.Errorf("a wrong password: %v", err)
		}
	})
	inBubble(t, func(t *testing.T, s *mailtest.Server, c *Client) {
		s.Ways = []string{"XOAUTH2", "NTLM"}
		err := c.Send(t.Context(), mailtest.Admin, msg.Message{Text: msg.Text{{Text: "alert"}}})
		if err == nil || !strings.Contains(err.Error(), "XOAUTH2 NTLM") {
			t.Errorf("Send = %v, want the ways that are offered", err)
		}
	})
}
