package act

import (
	"slices"
	"strings"
	"testing"
)

// rulesClient is a client of Fail2Ban that prints these as the rule of sshd.
func (f *fake) rulesClient(retry, find, ban string) {
	f.client(`case "$1 $3" in "status ") echo 'Jail list: sshd, web';;
"get maxretry") printf %b '` + retry + `';; "get findtime") printf %b '` + find + `';; "get bantime") printf %b '` + ban + `';;
*) exit 255;; esac`)
}

func TestRulesAreReadAndChangeNothing(t *testing.T) {
	f := newFake(t)
	f.rulesClient(`5\n`, `600\n`, `-1\n`)
	for range actsAnHour + 5 { // it is no act
		f.asked("rules sshd", "ok maxretry 5 findtime 600 bantime -1")
	}
	for _, call := range f.calls() {
		if call != "status" && !strings.HasPrefix(call, "get|sshd|") {
			t.Errorf("the client was called with %q", call)
		}
	}
	f.asked("untrust 203.0.113.7", "ok was not trusted")
	f.rulesClient("1", `600.0\n`, "3600.000")
	f.asked("rules sshd", "ok maxretry 1 findtime 600 bantime 3600")
	f.calls()
	f.asked("rules ssh", "no Fail2Ban has no jail ssh")
	if got := f.calls(); !slices.Equal(got, []string{"status"}) {
		t.Errorf("the client was called with %q", got)
	}
}

func TestA05RulesThatAreNoneAreNotBelieved(t *testing.T) {
	f := newFake(t)
	for _, said := range []string{
		"", "5x", "5 6", "five", "1e3", "0x5", "99999999999", "0", "-1", `5\n6`, "Sorry but the jail does not exist", "5.5", "+5", "５",
	} {
		f.rulesClient(said, "600", "600")
		f.asked("rules sshd", "no ")
		f.rulesClient("5", said, "600")
		f.asked("rules sshd", "no ")
	}
	for _, said := range []string{"", "x", "for ever", "1e3", "--1", "99999999999"} {
		f.rulesClient("5", "600", said)
		f.asked("rules sshd", "no ")
	}
}

// An answer that has not room for all jails names none in part: what is left of it would be another jail.
func TestNoJailIsNamedInPart(t *testing.T) {
	f := newFake(t)
	var names []string
	for i := range 40 {
		names = append(names, strings.Repeat(string(rune('a'+i%26)), 20+i))
	}
	f.client("echo 'Jail list: " + strings.Join(names, ", ") + "'")
	a := f.Do(t.Context(), "a test", "jails")
	for name := range strings.FieldsSeq(a.Text) {
		if !slices.Contains(names, name) {
			t.Errorf("a jail %q", name)
		}
	}
	if n := len(strings.Fields(a.Text)); n < 20 || len(a.String()) > maxLine {
		t.Errorf("%d jails in %d bytes", n, len(a.String()))
	}
	if _, err := ParseAnswer(a.String()); err != nil {
		t.Error(err)
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("maxretry 5 findtime 600 bantime -1")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q is %v, which is %v, %v", text, r, again, err)
		}
	})
}
