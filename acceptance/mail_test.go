package acceptance

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/mail/mailtest"
)

// withMail has two recipients of mail, and no other chat.
const withMail = harness.TableOnly + `[digest]
at = ""
[mail]
server = "$SERVER"
from = "` + mailtest.From + `"
to = ["` + mailtest.Admin + `", "` + mailtest.Second + `"]
password_file = "$DIR/mail"
`

// newMailScene is a scene of withMail. The program trusts the certificate of the fakes.
func newMailScene(t *testing.T, server string) *harness.Scene {
	t.Helper()
	s := harness.NewScene(t, withMail, harness.Change{"$SERVER", server})
	roots := filepath.Join(s.Dir, "roots.pem")
	s.Write(roots, mailtest.PEM())
	s.Write(filepath.Join(s.Dir, "mail"), []byte(mailtest.Password))
	s.Env = []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + s.Dir}
	return s
}

// The program hands mail to a server that proves to be the one, and nothing to any other.
func TestS11NoPasswordGoesToAnotherMailServer(t *testing.T) {
	t.Parallel()
	stranger := &tls.Config{ //nolint:gosec // the client decides
		Certificates: []tls.Certificate{mailtest.Certificate("127.0.0.1").Pair()},
	}
	for name, test := range map[string]struct {
		change  func(*mailtest.Server)
		scheme  string
		arrives bool
	}{
		"TLS":                       {func(s *mailtest.Server) { s.Implicit = true }, "smtps://", true},
		"STARTTLS":                  {func(*mailtest.Server) {}, "smtp://", true},
		"TLS, nobody knows it":      {func(s *mailtest.Server) { s.Implicit, s.TLS = true, stranger }, "smtps://", false},
		"STARTTLS, nobody knows it": {func(s *mailtest.Server) { s.TLS = stranger }, "smtp://", false},
		"plain in place of TLS":     {func(s *mailtest.Server) { s.Bare = true }, "smtps://", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, test.change)
			if name == "plain in place of TLS" { // it waits for the client to speak first
				server.Script(func(mailtest.Step) mailtest.Fault { return mailtest.Reply("220 " + mailtest.Host) })
			}
			s := newMailScene(t, test.scheme+server.Addr())
			out, _, code := s.Run("check", "--send")
			if (code == 0) != test.arrives {
				t.Errorf("check ends with %d:\n%s", code, out)
			}
			if mails := server.Mails(); test.arrives && (len(mails) != 4 || !mails[0].Secure || mails[1].Photo == nil) {
				t.Errorf("%d mails, want an alert and a picture for each", len(mails))
			}
			if n := len(server.Steps("AUTH")) + len(server.Mails()); !test.arrives && n > 0 {
				t.Errorf("%d logins and mails reach another's server", n)
			}
		})
	}
	s := newMailScene(t, "mail.example.org:587")
	s.Reconfigure(fmt.Sprintf("password_file = %q\n", filepath.Join(s.Dir, "mail")), "")
	if _, errs, code := s.Run("run"); code != harness.ExitConfig || !strings.Contains(errs, "mail.password_file: is missing") {
		t.Errorf("exit %d, want %d: %s", code, harness.ExitConfig, errs)
	}
}

// Bots are killed one after another while mail is on its way, and some answers get lost. Nothing is lost, and what is
// repeated says so and is known to mail programs by its Message-ID.
func TestR01ToR03NoMailIsLostByACrash(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, func(s *mailtest.Server) { s.Bare = true })
	random := harness.Random(t)
	faults, drops := rand.New(rand.NewPCG(random.Uint64(), 1)), map[string]int{}
	server.Script(func(step mailtest.Step) mailtest.Fault { // one at a time
		switch {
		case step.Verb != ".":
			return nil
		case faults.IntN(8) == 0:
			drops[step.To]++
			return mailtest.Lose()
		}
		return mailtest.Late(time.Duration(faults.IntN(120)) * time.Millisecond)
	})
	s := newMailScene(t, server.Addr())
	s.Reconfigure(`["BE"]`, `["198.18.0.0/15", "2001:db8::/32"]`)
	kills, bans := harness.Size(3, 4, 100), harness.Size(6, 8, 300)
	w := writer{scene: s, random: random}
	for range kills {
		p := s.Start()
		end := time.Now().Add(time.Duration(300+random.IntN(600)) * time.Millisecond)
		for range 1 + bans/kills {
			if w.bans < bans {
				w.write()
			}
			time.Sleep(min(time.Until(end), time.Duration(random.IntN(150))*time.Millisecond))
		}
		time.Sleep(time.Until(end))
		p.Kill()
	}
	p := s.Start()
	for w.bans < bans {
		w.write()
	}
	w.finish()
	lost := func() (n int) {
		got := map[[2]string]bool{}
		for _, m := range server.Mails() {
			addresses, _ := harness.AlertsIn(m.Text)
			for _, a := range addresses {
				got[[2]string{m.To, a}] = true
			}
		}
		for _, to := range []string{mailtest.Admin, mailtest.Second} {
			for _, a := range harness.Friends(bans) {
				if !got[[2]string{to, a}] {
					n++
				}
			}
		}
		return n
	}
	harness.Await(t, 2*time.Minute, "all alerts", func() bool { return lost() == 0 })
	p.Kill() // it may have just begun
	checkIntegrity(t, s.Database)
	server.Script(nil)
	first, copies := map[[2]string]string{}, map[string]int{}
	for _, m := range server.Mails() {
		key := [2]string{m.To, m.ID()}
		before, known := first[key]
		if !known {
			first[key] = m.Text
			continue
		}
		copies[m.To]++
		if !harness.Repeats(m.Text) || strings.Replace(m.Text, " (may repeat)", "", 1) != before &&
			m.Text != before {
			t.Errorf("a repeat says\n%s\nafter\n%s", m.Text, before)
		}
	}
	for to, n := range copies {
		if n > kills+drops[to] {
			t.Errorf("%s got %d copies, want %d at most", to, n, kills+drops[to])
		}
	}
	for key, text := range first { // nothing is told twice under two ids
		addresses, _ := harness.AlertsIn(text)
		for _, a := range addresses {
			for other, also := range first {
				if other != key && other[0] == key[0] && strings.Contains(also, " banned "+a+" ") {
					t.Errorf("%s is told of %s in two mails", key[0], a)
				}
			}
		}
	}
	harness.Reached(t, "%d kills, %d bans to 2 addresses: 0 lost, copies %v, each marked and with the same Message-ID",
		kills, bans, copies)
}
