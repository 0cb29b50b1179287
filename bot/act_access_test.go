package bot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/act/acttest"
)

func TestA01OnlyWhoAskedMayConfirmOnceAndSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.ban("198.51.100.7", "BE")
		d.step()
		ask := commandOf(t, d.sender.sent[0], "Unban")
		yes := func() string { return commandOf(t, d.types(ann, ask), "Yes, unban") }

		bob, elsewhere := ann, ann
		bob.User, bob.Name = "8", "Bob"
		elsewhere.Chat = "2"
		has(t, d.types(bob, yes()), "not open")
		has(t, d.types(elsewhere, yes()), "not open")
		stale := yes()
		time.Sleep(2*time.Minute + time.Second)
		has(t, d.types(ann, stale), "older than two minutes")
		helper.was(t)

		once := yes()
		d.types(ann, once)
		helper.was(t, "unban sshd 198.51.100.7")
		for range 3 {
			has(t, d.types(ann, once), "not open")
		}
		helper.was(t)

		d.commands.Acting.Users = []string{"8"}
		for _, text := range []string{
			ask, once, "/unban 198.51.100.7", "/trust 198.51.100.7", "/untrust 198.51.100.7", "/mark person 1", "/no x",
		} {
			has(t, d.types(ann, text), "not act")
		}
		helper.was(t)
		if got := d.types(bob, ask); len(got.Buttons) == 0 {
			t.Errorf("who may act is refused: %q", got.Text)
		}
	})
}

func TestA02HostileArgumentsInChatReachNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.ban("198.51.100.7", "BE", by("ss'hd; reboot"))
		d.ban("198.51.100.7", "BE", by("--all"))
		d.ban("198.51.100.7", "BE", by("logtarget"))
		d.ban("evil.example.com", "-")
		d.step()
		for id := range 6 {
			for _, verb := range []string{"unban", "trust", "storm", "-x"} {
				if m := d.types(ann, fmt.Sprintf("/ask %s %d", verb, id)); len(m.Buttons) > 0 {
					t.Errorf("/ask %s %d: %q", verb, id, m.Text)
				}
			}
		}
		for _, arg := range []string{
			"-x", "--all", "$(id)", "`id`", "203.0.113.7;id", "203.0.113.7\nset", "fe80::1%eth0", "0.0.0.0/0",
			"evil.example.com", "'203.0.113.7'", strings.Repeat("7", 10<<10), "198.51.100.7",
		} {
			for _, command := range []string{"/unban ", "/trust ", "/untrust ", "/yes ", "/ask unban "} {
				m := d.types(ann, command+arg)
				if len(m.Buttons) > 0 && (arg != "198.51.100.7" || command == "/unban ") {
					t.Errorf("%.60s: %q", command+arg, m.Text)
				}
			}
		}
		r := rand.New(rand.NewPCG(20261128, 2))
		for i := range 2000 {
			words := acttest.Words(r)
			if i%10 == 0 {
				words = append([]string{"ask", "unban"}, words...)
			}
			m := d.types(ann, "/"+strings.Join(words, " "))
			// White space is between words, and a trust without a time is one of 30 days.
			clean := strings.HasPrefix(m.Text.String(), "Trust 203.0.113.7 on web1 for 30 days?") ||
				strings.HasPrefix(m.Text.String(), "Trust no longer 203.0.113.7 on web1?")
			if len(m.Buttons) > 0 && !clean {
				t.Fatalf("%.80q: %q", words, m.Text)
			}
		}
		helper.was(t)
	})
}

func TestAMemberWhoMayOnlyAskSeesNoOtherHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.step()
		if got := labels(d.sender.sent[0]); got != "More" {
			t.Errorf("buttons %q although nobody can act", got)
		}
		for _, text := range []string{"/unban 198.51.100.7", "/trust 198.51.100.7", "/ask unban 1", "/yes x"} {
			has(t, d.types(ann, text), "I do not know that command")
		}
	})
}

// Trust outlives whoever took over a chat: where a second factor is asked for, a tap alone does not do it, no code does
// it twice, and nobody guesses for long.
func TestTrustIsConfirmedByACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		d.commands.Acting.Code = func(period uint64) (string, error) { return fmt.Sprintf("%06d", period%1_000_000), nil }
		code := func(back time.Duration) string {
			text, _ := d.commands.Acting.Code(uint64(time.Now().Add(-back).Unix() / 30))
			return text
		}
		d.ban("198.51.100.7", "BE")
		d.step()
		ask := func() string {
			m := d.types(ann, commandOf(t, d.sender.sent[0], "Trust 30 days"))
			if got := labels(m); got != "No" {
				t.Errorf("buttons %q", got)
			}
			_, rest, _ := strings.Cut(m.Text.String(), "/yes ")
			token, _, _ := strings.Cut(rest, " ")
			return "/yes " + token
		}
		yes := ask()
		for _, wrong := range []string{"", " 1", " 12345", " " + code(5*time.Minute)} {
			has(t, d.types(ann, yes+wrong), "does not count")
		}
		helper.was(t)
		good := code(0)
		has(t, d.types(ann, yes+" "+good[:3]+" "+good[3:]), "Trusted for 30 days")
		helper.was(t, "trust 198.51.100.7 2592000s", "unban sshd 198.51.100.7")
		yes = ask()
		has(t, d.types(ann, yes+" "+good), "does not count")
		time.Sleep(time.Minute)
		has(t, d.types(ann, yes+" "+code(0)), "Too many wrong codes")
		helper.was(t)
		time.Sleep(16 * time.Minute)
		has(t, d.types(ann, ask()+" "+code(0)), "Trusted")
		helper.was(t, "trust 198.51.100.7 2592000s", "unban sshd 198.51.100.7")
		has(t, d.types(ann, commandOf(t, d.types(ann, "/unban 198.51.100.7"), "Yes, unban")), "Unbanned")
	})
}
