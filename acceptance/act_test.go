//go:build linux

package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// withHelper makes the bot of a scene one that acts by the helper.
func withHelper(h *harness.Helper) harness.Change {
	return harness.Change{"[enrich]\n", fmt.Sprintf("[act]\nsocket = %q\n[enrich]\n", h.Socket)}
}

// question is the command that confirms the latest question in a group on Telegram; "" if there is none after those.
func question(both harness.Platforms, without ...string) string {
	for _, m := range slices.Backward(both.Telegram.Messages()) {
		for _, row := range m.Keyboard {
			if strings.HasPrefix(row[0].Data, "/yes ") && !slices.Contains(without, row[0].Data) {
				return row[0].Data
			}
		}
	}
	return ""
}

// lifted counts the bans that Fail2Ban was asked to lift.
func lifted(calls []string) (n int) {
	for _, call := range calls {
		if strings.HasPrefix(call, "set|") {
			n++
		}
	}
	return n
}

// Nobody acts but who is listed, in person, on a question of his own, once.
func TestA01OnlyWhoIsListedActs(t *testing.T) {
	t.Parallel()
	client, calls := harness.Recorder(t, harness.OneBan)
	h := harness.NewHelper(t, client, nil)
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, withHelper(h), harness.Change{
		"users = [7]", "users = [7, 9]", "[act]\n", "[act]\nusers = [7, \"" + discordtest.User + "\"]\n",
	})
	p := s.Start()
	s.Ban("203.0.113.7")
	harness.Await(t, time.Minute, "the alert", func() bool { return both.InEveryChat("203.0.113.7") })
	const admin, other, stranger, chat = 7, 9, 8, 42
	say := func(user int64, text string) { both.Telegram.Say(chat, 0, user, text) }
	heard := func() { // commands of a chat are heard in order
		t.Helper()
		before := len(both.Telegram.Messages())
		say(other, "/ip 192.0.2.1")
		harness.Await(t, time.Minute, "an answer", func() bool {
			return slices.ContainsFunc(both.Telegram.Messages()[before:], func(m telegramtest.Message) bool {
				return strings.Contains(m.Text, "192.0.2.1")
			})
		})
	}
	attempts := 0
	try := func(command string) {
		for _, attempt := range forbiddenRequests(both, command) {
			attempt()
			attempts++
		}
	}
	for _, command := range []string{"/unban 203.0.113.7", "/trust 203.0.113.7", "/ask unban 1", "/mark attacker 1"} {
		try(command)
	}
	say(other, "/unban 203.0.113.7") // may ask, but not act
	heard()
	if q := question(both); q != "" {
		t.Fatalf("a question for somebody who may not act: %q", q)
	}

	say(admin, "/unban 203.0.113.7")
	harness.Await(t, time.Minute, "a question", func() bool { return question(both) != "" })
	yes := question(both)
	try(yes)
	both.Telegram.Press(chat, 0, stranger, yes)
	both.Telegram.Press(chat, 0, other, yes)
	both.Telegram.Press(-1001, 0, admin, yes) // another chat than that of the question
	both.Discord.Press(discordtest.Admin, yes)
	heard()
	if got := calls(); lifted(got) != 0 {
		t.Fatalf("strangers reached Fail2Ban with %q", got)
	}
	both.Telegram.Press(chat, 0, admin, yes)
	harness.Await(t, time.Minute, "an act", func() bool { return lifted(calls()) == 1 })
	for range 2 { // replayed
		both.Telegram.Press(chat, 0, admin, yes)
		say(admin, yes)
	}
	heard()
	harness.Await(t, time.Minute, "the alert tells it everywhere", func() bool { return both.InEveryChat(": lifted") })
	if n := lifted(calls()); n != 1 {
		t.Errorf("%d acts", n)
	}
	p.Stop()
	harness.Reached(t, "%d attempts of strangers: 0 acts; replays of a button: 0", attempts)
}

// A bot that is killed at any moment acts at most once on each yes, and says what may have happened.
func TestA04NoActIsDoneTwiceAndUnsaid(t *testing.T) {
	t.Parallel()
	client, calls := harness.Recorder(t, `
sleep 0.03
touch "$dir/lifted"
case "$1 $3" in
"status ") echo 'Jail list: sshd' ;;
"get banip") seq -f 203.0.113.%g 1 250 | grep -vxFf "$dir/lifted" ;;
"set unbanip") echo "$4" >>"$dir/lifted"; echo 1 ;;
esac
`)
	random := harness.Random(t)
	kills := harness.Size(2, 3, 200)
	both := harness.OnLoopback(t)
	h := harness.NewHelper(t, client, nil)
	s := harness.NewTelegramScene(t, both.Telegram, withHelper(h), harness.Change{
		"chats = [-1001]", "chats = [42]", `friendly = ["BE"]`, `friendly = ["203.0.113.0/24"]`,
	})
	confirmed := 0
	var asked []string
	p := s.Start()
	for i := range kills {
		if i > 0 && i%25 == 0 { // the hour of the helper has room for 30
			if err := os.Remove(filepath.Join(h.State, "acts")); err != nil {
				t.Fatal(err)
			}
		}
		address := fmt.Sprintf("203.0.113.%d", i+1)
		s.Ban(address)
		harness.Await(t, 30*time.Second, "the alert", func() bool { return both.Mentions(address)["42"] > 0 })
		both.Telegram.Say(42, 0, 7, "/unban "+address)
		harness.Await(t, time.Minute, "a question", func() bool { return question(both, asked...) != "" })
		yes := question(both, asked...)
		asked = append(asked, yes)
		both.Telegram.Press(42, 0, 7, yes)
		time.Sleep(time.Duration(random.Int64N(int64(900 * time.Millisecond))))
		p.Kill()
		p = s.Start()
	}
	db := s.OpenStore()
	harness.Await(t, 30*time.Second, "all that was confirmed is over", func() bool {
		open, err := db.OpenActs(t.Context(), "web1")
		return err == nil && len(open) == 0
	})
	p.Kill()
	counts := map[string]int{}
	for _, call := range calls() {
		if strings.HasPrefix(call, "set|") {
			counts[strings.Split(call, "|")[3]]++
		}
	}
	acts, err := db.LatestActs(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, one := range acts {
		confirmed++
		outcomes[string(one.Outcome)]++
		switch n := counts[one.Address]; {
		case n > 1:
			t.Errorf("%s was unbanned %d times", one.Address, n)
		case n == 1 && one.Outcome == "no", n == 0 && one.Outcome == "ok":
			t.Errorf("%s was unbanned %d times, and the outcome is %q", one.Address, n, one.Outcome)
		}
		delete(counts, one.Address)
	}
	if len(counts) > 0 {
		t.Errorf("unbanned, and nothing is known of it: %v", counts)
	}
	harness.Reached(t, "%d kills, %d acts: 0 done twice; %d done, %d that may have been, %d that were not", kills,
		confirmed, outcomes["ok"], outcomes["unclear"], outcomes["no"])
}

func TestTheCommandLineActs(t *testing.T) {
	t.Parallel()
	client, calls := harness.Recorder(t, harness.OneBan)
	h := harness.NewHelper(t, client, nil)
	s := harness.NewScene(t, harness.TableOnly, withHelper(h))
	s.Ban("203.0.113.7")
	for _, step := range []struct {
		args string
		code int
		want string
	}{
		{"check", 0, "acting on web1: its jails are sshd"},
		{"unban 203.0.113.8", 1, ""},
		{"unban 203.0.113.0/24", 1, ""},
		{"unban x", 2, ""},
		{"trust 203.0.113.7 --for 91d", 2, ""},
		{"unban 203.0.113.7 --jail nginx", 1, "Not unbanned"},
		{"unban 203.0.113.7", 0, "203.0.113.7, sshd on web1: Unbanned"},
		{"trust 203.0.113.0/24 --for 7d", 0, "203.0.113.0/24 on web1: Trusted for 7 days"},
		{"trusted", 0, "203.0.113.0/24 on web1 until"},
		{"untrust 203.0.113.0/24", 0, "Trust ended"},
		{"trusted", 0, "Nobody is trusted"},
		{"acts", 0, "unban sshd 203.0.113.7  ok: lifted"},
	} {
		out, stderr, code := s.Run(strings.Fields(step.args)...)
		if code != step.code || !strings.Contains(out, step.want) {
			t.Errorf("%s: code %d, want %d; %q, want %q in it; %s", step.args, code, step.code, out, step.want, stderr)
		}
	}
	if n := lifted(calls()); n != 1 {
		t.Errorf("%d bans were lifted", n)
	}
	s.Reconfigure(h.Socket, h.Socket+"x")
	if out, _, code := s.Run("check"); code != 1 || !strings.Contains(out, "acting on web1: the helper is not reached") {
		t.Errorf("without its helper: code %d, %s", code, out)
	}
	bare := harness.NewScene(t, harness.TableOnly)
	if _, stderr, code := bare.Run("unban", "203.0.113.7"); code != 1 || !strings.Contains(stderr, "no [act] socket") {
		t.Errorf("without a helper: code %d, %s", code, stderr)
	}
}

// A helper that is killed while it writes leaves a list that is whole, and ends.
func TestA04NoTrustLastsForEver(t *testing.T) {
	t.Parallel()
	client, _ := harness.Recorder(t, harness.OneBan)
	s := harness.NewScene(t, harness.TableOnly)
	state := filepath.Join(s.Dir, "state")
	random := harness.Random(t)
	line := regexp.MustCompile(`^203\.0\.113\.[0-9]+ [0-9]+ [0-9]+$`)
	kills := harness.Size(4, 8, 200)
	most := 0
	for i := range kills {
		os.Remove(filepath.Join(state, "acts")) // which there need not be
		cmd := s.Command(t.Context(), "act", "--client", client, "--state", state,
			"trust", fmt.Sprintf("203.0.113.%d", i+1), "90d")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(400 * time.Millisecond))))
		cmd.Process.Kill()
		cmd.Wait()
		text, _ := os.ReadFile(filepath.Join(state, "trusted")) // there is none at first
		n := 0
		for l := range strings.Lines(string(text)) {
			var from, until int64
			var address string
			if n++; !line.MatchString(strings.TrimSuffix(l, "\n")) {
				t.Fatalf("a line %q", l)
			}
			fmt.Sscan(l, &address, &from, &until)
			if until-from != 90*24*3600 {
				t.Errorf("%s is trusted for %d s", address, until-from)
			}
		}
		if n < most {
			t.Errorf("%d were trusted, and now %d", most, n)
		}
		most = n
	}
	harness.Reached(t, "%d kills: %d trusted, each with its end", kills, most)
}
