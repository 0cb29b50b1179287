package evidence

import (
	"testing"
	"time"
)

// Whoever was banned, a login after the ban or amid the failures leaves it open who he is, and one before it never
// makes an attacker of a person.
func TestLoginsOfEveryScene(t *testing.T) {
	all := scenes(*sceneSeed, 10, people, attackers)
	for _, s := range all {
		for _, since := range []time.Duration{-48 * time.Hour, -time.Second, 0, 59 * time.Minute} {
			c := s.context
			c.Logins = []Login{{Since: since}}
			if v := Judge(Read(s.matches), c); v.Who != Unclear {
				t.Errorf("%s, a login %v before: %s", s.kind, since, v)
			}
		}
		c := s.context
		c.Logins = []Login{{Since: 4 * 24 * time.Hour}}
		v := Judge(Read(s.matches), c)
		if v.Who == Attacker || s.person && v.Who == Unclear && Judge(Read(s.matches), s.context).Who == Person {
			t.Errorf("%s, a login before: %s", s.kind, v)
		}
	}
	t.Logf("%d scenes", len(all))
}
