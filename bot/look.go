package bot

import (
	"context"
	"fmt"
	"strings"

	"friendlyfire/evidence"
	"friendlyfire/store"
)

// look counts friends by what their bans look like.
type look struct {
	friends, people, attackers int
	byLogins                   bool // some of them by logins, too
}

// lookAlikes judges the friends who were banned in the window, each once in each jail, or once in all: by their newest
// bans. Those of whom nothing is known are left out.
func (j *Judge) lookAlikes(ctx context.Context, w store.Window, inAll bool) (map[string]look, error) {
	key := func(b store.EnrichedBan) [2]string {
		if inAll {
			return [2]string{b.Address}
		}
		return [2]string{b.Address, b.Jail}
	}
	bans, verdicts, err := j.friends(ctx, w, key)
	jails := map[string]look{}
	for i, b := range bans {
		if !tells(b.Ban, verdicts[i]) {
			continue
		}
		jail := key(b)[1]
		l := jails[jail]
		l.friends++
		l.byLogins = l.byLogins || bans[i].Logins != (store.Logins{})
		switch verdicts[i].Who {
		case evidence.Person:
			l.people++
		case evidence.Attacker:
			l.attackers++
		case evidence.Unclear:
		}
		jails[jail] = l
	}
	return jails, err
}

// tells reports whether a verdict is worth a word: there are log lines, or something else tells who it was.
func tells(b store.Ban, v evidence.Verdict) bool { return b.Matches != "" || v.Who != evidence.Unclear }

// looks is what the friends of a digest's day look like: "2 friends look like people, 1 like an attacker".
func (j *Judge) looks(ctx context.Context, w store.Window) (string, error) {
	all, err := j.lookAlikes(ctx, w, true)
	l := all[""]
	var parts []string
	switch {
	case l.people == 1:
		parts = append(parts, "1 friend looks like a person")
	case l.people > 1:
		parts = append(parts, plural(l.people, "friend")+" look like people")
	}
	switch {
	case l.attackers == 1:
		parts = append(parts, "1 like an attacker")
	case l.attackers > 1:
		parts = append(parts, number(l.attackers)+" like attackers")
	}
	return strings.Join(parts, ", "), err
}

// by is "By their log lines, ".
func (l look) by() string {
	if l.byLogins {
		return "By their log lines and logins, "
	}
	return "By their log lines, "
}

// of is "19 of 31 friends banned by sshd look like people".
func (l look) of(jail string) string {
	verb := "look like people"
	if l.people == 1 {
		verb = "looks like a person"
	}
	return fmt.Sprintf("%s of %s banned by %s %s", number(l.people), plural(l.friends, "friend"), jail, verb)
}
