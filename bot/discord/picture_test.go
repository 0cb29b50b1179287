package discord_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

// uploadsMeet makes every upload meet the fault.
func uploadsMeet(s *discordtest.Server, fault discordtest.Fault) {
	s.Script(func(q discordtest.Request) discordtest.Fault {
		if strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/") {
			return fault
		}
		return nil
	})
}

// A command is answered in words where its picture cannot be uploaded.
func TestR29AnswerWithoutItsPicture(t *testing.T) {
	for name, fault := range map[string]discordtest.Fault{
		"500": discordtest.Refuse(500, 0, "no"), "cut": discordtest.Cut(), "hangs": discordtest.Hang(),
		"a proxy's 403": discordtest.Page(403), "413": discordtest.Page(413),
		"uploads limited": discordtest.Refuse(400, 400001, "no"), "refused": discordtest.Refuse(403, 400001, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				c.Answer = func(context.Context, msg.Request) msg.Message {
					return msg.Message{Text: plain("3 bans").Text, Photo: []byte("\x89PNG"), Fallback: "███ BE"}
				}
				uploadsMeet(s, fault)
				bottest.Listen(t, c)
				s.AwaitListening(t)
				i := s.Slash(discordtest.Admin, "report")
				time.Sleep(time.Minute)
				answers := i.Answers()
				if len(answers) == 0 || !strings.Contains(answers[len(answers)-1].Content, "███ BE") {
					t.Errorf("the answers are %+v, want the words", answers)
				}
			})
		})
	}
}

// Whoever does not see a picture is told what it shows, wherever it is posted.
func TestAPictureIsDescribedByItsCaption(t *testing.T) {
	long := strings.Repeat("ö😀\u202f", 450)
	for text, want := range map[string]string{
		"3 bans of 2 addresses\n*sshd* 3": "3 bans of 2 addresses\n*sshd* 3",
		"evil\u202e\x00name":              "evilname",
		long:                              string([]rune(long)[:1023]) + "…",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := discordtest.InMemory(t)
			c := newClient(t, s)
			m := msg.Message{Text: plain(text).Text, Photo: []byte("\x89PNG")}
			deliver(t, c, discordtest.Channel, m)
			m.Photo = nil
			deliver(t, c, discordtest.Channel, m)
			m.Photo = []byte("\x89PNG")
			c.Answer = func(context.Context, msg.Request) msg.Message { return m }
			bottest.Listen(t, c)
			s.AwaitListening(t)
			i := s.Slash(discordtest.Admin, "report")
			time.Sleep(time.Minute)
			posted, answers := s.Messages(), i.Answers()
			if len(answers) != 1 || posted[0].Alt != want || posted[1].Alt != "" || answers[0].Alt != want {
				t.Errorf("described as %q, without a picture as %q, in answers as %+v; want %q",
					posted[0].Alt, posted[1].Alt, answers, want)
			}
		})
	}
}

// A message goes its way while an upload to the same channel hangs.
func TestR29AnUploadThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		uploadsMeet(s, discordtest.Hang())
		hung := make(chan error)
		go func() {
			hung <- c.Send(t.Context(), discordtest.Channel, msg.Message{Text: plain("a").Text, Photo: []byte("\x89PNG")})
		}()
		synctest.Wait()
		began := time.Now()
		for range 12 { // more than fit into one window of the rate limit
			deliver(t, c, discordtest.Channel, plain("alert"))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("alerts waited %v for an upload", took)
		}
		if err := <-hung; err == nil {
			t.Error("the upload did not hang")
		}
		for _, q := range s.Requests(post) {
			if q.Status == http.StatusTooManyRequests {
				t.Error("a request beyond the rate limit")
			}
		}
	})
}
