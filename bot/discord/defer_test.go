package discord_test

import (
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

// A callback whose answer is lost may have taken effect, and then Discord shows that the bot is thinking until the
// answer is edited in.
func TestLostDeferralIsAnsweredAllTheSame(t *testing.T) {
	const callback, edit = "POST /interactions/*/*/callback", "PATCH /webhooks/*/*/messages/*"
	type fault struct {
		pattern string
		n       int
		fault   discordtest.Fault
	}
	for name, test := range map[string]struct {
		faults  []fault
		answers int // versions of the answer
		most    int // edits
		logged  int // that it cannot be answered, or was not
	}{
		"in order":                       {nil, 1, 1, 0},
		"its answer is lost":             {[]fault{{callback, 1, discordtest.Drop()}}, 1, 1, 0},
		"its answers are lost":           {[]fault{{callback, -1, discordtest.Drop()}}, 1, 1, 0},
		"its answer comes late":          {[]fault{{callback, 1, discordtest.Slow(20 * time.Second)}}, 1, 1, 0},
		"its answer is a page":           {[]fault{{callback, 1, discordtest.Page(200)}}, 1, 1, 0},
		"502 without effect":             {[]fault{{callback, 1, discordtest.Page(502)}}, 1, 1, 0},
		"cut without effect":             {[]fault{{callback, 1, discordtest.Cut()}}, 1, 1, 0},
		"lost, and a page then":          {[]fault{{callback, 1, discordtest.Drop()}, {callback, -1, discordtest.Page(502)}}, 1, 1, 0},
		"lost, and unknown then":         {[]fault{{callback, 1, discordtest.Drop()}, {callback, 1, discordtest.Refuse(404, 10062, "Unknown interaction")}}, 1, 1, 0},
		"never any effect":               {[]fault{{callback, -1, discordtest.Hang()}}, 0, 2, 1},
		"502 for ever":                   {[]fault{{callback, -1, discordtest.Page(502)}}, 0, 2, 1},
		"unknown from the start":         {[]fault{{callback, -1, discordtest.Refuse(404, 10062, "Unknown interaction")}}, 0, 0, 1},
		"another bot has answered":       {[]fault{{callback, -1, discordtest.Refuse(400, 40060, "already acknowledged")}}, 0, 0, 1},
		"the webhook is unknown at once": {[]fault{{edit, 1, discordtest.Refuse(404, 10015, "Unknown Webhook")}}, 1, 2, 0},
		"the webhook stays unknown":      {[]fault{{edit, -1, discordtest.Refuse(404, 10015, "Unknown Webhook")}}, 0, 2, 1},
		"the interaction stays unknown":  {[]fault{{edit, -1, discordtest.Refuse(404, 10062, "Unknown interaction")}}, 0, 2, 1},
		"the token stays invalid":        {[]fault{{edit, -1, discordtest.Refuse(401, 50027, "Invalid Webhook Token")}}, 0, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				log := captureLog(t, c)
				for _, f := range test.faults {
					s.Fail(f.pattern, f.n, f.fault)
				}
				bottest.Listen(t, c)
				s.AwaitListening(t)
				i := s.Slash(discordtest.Admin, "report")
				time.Sleep(20 * time.Minute)
				answers := i.Answers()
				if len(answers) != test.answers ||
					test.answers > 0 && answers[len(answers)-1].Content != "answer to /report" {
					t.Errorf("the answers are %+v, want %d", answers, test.answers)
				}
				edits := s.Requests(edit)
				if len(edits) > test.most {
					t.Errorf("%d edits, want %d at most", len(edits), test.most)
				}
				if n := len(s.Requests(callback)); n > 13 {
					t.Errorf("%d callbacks", n)
				}
				if n := log.Count("cannot be answered") + log.Count("not posted"); n != test.logged {
					t.Errorf("logged %d times, want %d:\n%s", n, test.logged, log)
				}
			})
		})
	}
}

// Discord shows the answer where the button is, be it a channel or a thread.
func TestButtonInAThreadIsAnsweredThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const thread = "300000000000000009"
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		s.SetChannel(discordtest.Place{
			ID: thread, Name: "bans", Type: discordtest.PublicThread, Parent: discordtest.Channel,
		})
		c.Allowed = func(r msg.Request) bool { return r.Chat == thread }
		bottest.Listen(t, c)
		s.AwaitListening(t)
		i := s.Press(discordtest.Ask{Guild: discordtest.Guild, Channel: thread, User: discordtest.User}, "/report 7d")
		if m, err := answer(t, i); err != nil || m.Content != "answer to /report 7d" || m.Channel != thread {
			t.Errorf("%v, %+v", err, m)
		}
		if n := len(s.Messages()); n != 0 {
			t.Errorf("%d messages elsewhere", n)
		}
	})
}

// A refusal may pass, as the limit of creations a day does; what is called “not yet” is tried again.
func TestRefusedCommandsAreRegisteredInTheEnd(t *testing.T) {
	const register = "PUT /applications/*/guilds/*/commands"
	for name, fault := range map[string]discordtest.Fault{
		"daily limit": discordtest.Refuse(400, 30034, "Max number of daily application command creates has been reached"),
		"no access":   discordtest.Refuse(403, 50001, "Missing Access"),
		"502":         discordtest.Page(502),
		"lost":        discordtest.Cut(),
		"429":         discordtest.RateLimit(time.Minute, "user"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				log := captureLog(t, c)
				s.Fail(register, -1, fault)
				bottest.Listen(t, c)
				time.Sleep(12 * time.Hour)
				if n := len(s.Requests(register)); n < 12 || n > 60 {
					t.Errorf("%d requests in twelve hours", n)
				}
				if n := log.Count("not registered yet"); n < 1 || n > 12 {
					t.Errorf("told %d times", n)
				}
				s.Heal()
				time.Sleep(16 * time.Minute)
				if n := len(s.Commands()); n != 2 || log.Count("slash commands are registered") != 1 {
					t.Errorf("%d commands; the log:\n%s", n, log)
				}
			})
		})
	}
}
