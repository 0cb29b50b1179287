package harness

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"friendlyfire/bot/mail/mailtest"
)

// mailFake is a mail server of this machine, which needs no TLS, and a login all the same.
type mailFake struct{ *mailtest.Server }

// newMail makes the fake of mail.
func newMail(t *testing.T, inMemory bool) Fake {
	t.Helper()
	start := mailtest.Start
	if inMemory {
		start = mailtest.InMemory
	}
	return mailFake{start(t, func(s *mailtest.Server) { s.Bare = true })}
}

func (f mailFake) Name() string { return "mail" }

func (f mailFake) Section() string {
	return fmt.Sprintf("[mail]\nserver = %q\nfrom = %q\nto = [%q, %q]\npassword_file = \"$DIR/mail\"\n",
		f.Addr(), mailtest.From, mailtest.Admin, mailtest.Second)
}

func (f mailFake) Files() map[string]string { return map[string]string{"mail": mailtest.Password} }

// Secrets are the password as it is, and as it travels.
func (f mailFake) Secrets() []string {
	encode := base64.StdEncoding.EncodeToString
	return []string{
		mailtest.Password, encode([]byte(mailtest.Password)), encode([]byte("\x00" + mailtest.User + "\x00" + mailtest.Password)),
	}
}

func (f mailFake) Chats() []string { return []string{mailtest.Admin, mailtest.Second} }

func (f mailFake) Posts() (all []Post) {
	for _, m := range f.Mails() {
		all = append(all, Post{m.To, m.Text, m.Photo, m.Time})
	}
	return all
}

func (f mailFake) Attempts() (all []Attempt) {
	for _, step := range f.Steps(".") {
		all = append(all, attemptAt(step))
	}
	return all
}

// attemptAt is the attempt that ends with the step.
func attemptAt(step mailtest.Step) Attempt {
	m := mailtest.Parse(step.Body)
	return Attempt{step.To, m.Text, m.Photo != nil, step.Time}
}

func (f mailFake) Script(choose func(Attempt) Fault) {
	f.Server.Script(func(step mailtest.Step) mailtest.Fault {
		if choose == nil || step.Verb != "." {
			return nil
		}
		step.Time = time.Now()
		switch fault := choose(attemptAt(step)); fault.What {
		case Slow:
			return mailtest.Late(fault.For)
		case Limited:
			reply := "450 4.7.1 sending rate exceeded"
			if fault.For > 0 {
				reply += fmt.Sprintf(", try again in %d seconds", int((fault.For+time.Second-1)/time.Second))
			}
			return mailtest.Reply(reply)
		case Broken:
			return mailtest.Reply("451 4.3.0 local error")
		case Lost:
			return mailtest.Lose()
		case Hangs:
			return mailtest.Hang()
		case Malformed:
			return mailtest.Reply("554 5.6.0 malformed message")
		case Gone:
			return mailtest.Reply("550 5.1.1 <" + step.To + ">: user unknown")
		}
		return nil
	})
}
