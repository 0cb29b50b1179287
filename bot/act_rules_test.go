package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/act"
)

// ruled answers which jails there are, and which rules they have.
func (s *server) ruled(r act.Request) act.Answer {
	var jails []string
	for _, rule := range s.rules {
		jail, text, _ := strings.Cut(rule, " ")
		if jails = append(jails, jail); r.Verb == act.Rules && jail == r.Jail {
			return act.Answer{Outcome: act.Done, Text: text}
		}
	}
	if r.Verb == act.Jails {
		return act.Answer{Outcome: act.Done, Text: strings.Join(jails, " ")}
	}
	return act.Answer{Outcome: act.Refused, Text: "there is no such verb"}
}

// A server whose log has no lines of rules, as that of a CSV, is asked for them: a rule that became stricter is named.
func TestARuleThatIsAskedForIsNamedAsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		ask := func(retry int) {
			t.Helper()
			helper.rules = []string{fmt.Sprintf("sshd maxretry %d findtime 600 bantime -1", retry), "web maxretry 2 findtime 1 bantime 1"}
			if err := d.commands.Acting.AskRules(t.Context(), "web1"); err != nil {
				t.Fatal(err)
			}
		}
		ask(5)
		time.Sleep(20 * 24 * time.Hour)
		for range 12 { // every day
			ask(5)
			time.Sleep(23 * time.Hour)
		}
		ask(3)
		time.Sleep(10 * 24 * time.Hour)
		ask(3)
		d.friendsBanned(25, 20, 1)
		d.friendsBanned(20, 10, 8)
		d.friendsBanned(10, 0, 24)
		has(t, d.types(ann, "/report strict"), "sshd went from 5 to 3 tries on ", "friendly bans tripled since")
		helper.mu.Lock()
		defer helper.mu.Unlock()
		if got := strings.Join(helper.asked[:3], "; "); got != "jails; rules sshd; rules web" {
			t.Errorf("the helper was asked for %q", got)
		}
	})
}

// A helper that is older, or lies, or is dead, is asked for little and believed nothing.
func TestRulesOfALyingHelperAreNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		helper := d.acting()
		for _, text := range []string{
			"", "5 600 600", "maxretry 5 findtime 600", "maxretry -5 findtime 600 bantime 600", "maxretry 5 findtime 600 bantime 6e2",
			"maxretry 5 findtime 600 bantime 600 x", "maxretry 5 findtime 99999999999 bantime 600",
		} {
			helper.rules = nil
			for i := range 100 {
				helper.rules = append(helper.rules, fmt.Sprint("jail", i, " ", text))
			}
			helper.rules = append(helper.rules, "--all maxretry 1 findtime 1 bantime 1")
			helper.asked = nil
			if err := d.commands.Acting.AskRules(t.Context(), "web1"); err == nil || len(helper.asked) > 1+mostUntold {
				t.Errorf("%q: %v, after %d questions", text, err, len(helper.asked))
			}
		}
		if all, err := d.store.RulesOverTime(t.Context(), "web1"); err != nil || len(all) > 0 {
			t.Errorf("%v, %v", all, err)
		}
		helper.rules = []string{"sshd maxretry 5 findtime 600 bantime 600", "--all maxretry 1 findtime 1 bantime 1"}
		if err := d.commands.Acting.AskRules(t.Context(), "web1"); err != nil {
			t.Error(err)
		}
		if all, err := d.store.RulesOverTime(t.Context(), "web1"); err != nil || len(all) != 1 || len(all["sshd"]) != 3 {
			t.Errorf("%v, %v", all, err)
		}
	})
}
