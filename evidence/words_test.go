package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerdictGivesItsReasons(t *testing.T) {
	ssh := func(stamp, pid, who string) string {
		return "Nov 28 " + stamp + " web1 sshd[" + pid + "]: Failed password for " + who + " from 192.0.2.7 port 5123 ssh2\n"
	}
	forgotten := ssh("15:01:00", "1", "jdupont") + ssh("15:01:20", "1", "jdupont") + ssh("15:02:00", "2", "jdupont") +
		ssh("15:05:00", "3", "jdupont")
	dictionary := ssh("15:01:00", "1", "invalid user oracle") + ssh("15:01:09", "2", "invalid user test") +
		ssh("15:01:12", "3", "root") + ssh("15:01:15", "4", "invalid user minecraft")
	typo := ssh("15:01:00", "1", "invalid user jdupnt") + ssh("15:01:20", "1", "invalid user jdupnt")
	names := ssh("15:01:00", "1", "invalid user ludmila") + ssh("15:01:20", "2", "invalid user bertrand")
	root := ssh("15:01:00", "1", "root") + ssh("15:01:20", "1", "root")
	office := ssh("15:01:00", "1", "anna") + ssh("15:01:20", "2", "bertrand") + ssh("15:01:40", "3", "christophe")
	login := []Login{{Since: 4 * 24 * time.Hour}}
	tests := map[string]struct {
		matches string
		context Context
		want    string
	}{
		"forgotten": {forgotten, Context{}, "Probably a person: only jdupont, who exists; 4 failures in 4 min"},
		"lines cut off": {
			forgotten, Context{Failures: 9}, "Probably a person: only jdupont, who exists (4 of 9 failures seen)",
		},
		"logged in before": {
			forgotten,
			Context{Logins: login},
			"Probably a person: logged in from here 4 days before; only jdupont, who exists; 4 failures in 4 min",
		},
		"and after: perhaps a break-in": {
			forgotten,
			Context{Logins: append([]Login{{Since: -time.Hour}}, login...)},
			"Probably a person: logged in from here 4 days before, and after the ban as well; " +
				"only jdupont, who exists; 4 failures in 4 min",
		},
		"after the ban only: nobody knows": {
			forgotten,
			Context{Logins: []Login{{Since: -time.Hour}}},
			"Person or attacker? logged in from here after the ban: its user, or a guessed password; " +
				"only jdupont, who exists",
		},
		"amid the failures": {
			forgotten,
			Context{Logins: []Login{{Since: 4 * time.Minute}}},
			"Person or attacker? logged in from here amid the failures: its user, or a guessed password; " +
				"only jdupont, who exists",
		},
		"amid the failures, by somebody who was here before": {
			forgotten,
			Context{Logins: append([]Login{{Since: 4 * time.Minute}}, login...)},
			"Probably a person: logged in from here 4 days before; only jdupont, who exists; 4 failures in 4 min",
		},
		"dictionary, and in after the ban": {
			dictionary,
			Context{Logins: []Login{{Since: -time.Hour}}},
			"Person or attacker? logged in from here after the ban: its user, or a guessed password; " +
				"tried oracle, test and 2 others, as attackers do",
		},
		"from a server": {
			forgotten,
			Context{Network: Hosting},
			"Person or attacker? only jdupont, who exists; an address of a hosting company",
		},
		"dictionary": {dictionary, Context{}, "Probably an attacker: tried oracle, test and 2 others, as attackers do"},
		"dictionary, by an address that logged in": {
			dictionary,
			Context{Logins: login},
			"Person or attacker? logged in from here 4 days before; tried oracle, test and 2 others, as attackers do",
		},
		"one typo":  {typo, Context{Failures: 3}, "Person or attacker? jdupnt does not exist (2 of 3 failures seen)"},
		"two names": {names, Context{}, "Person or attacker? 2 names that do not exist"},
		"a third, in an earlier ban": {
			names,
			Context{Earlier: []Evidence{Read(ssh("15:01:00", "1", "invalid user yannick"))}},
			"Probably an attacker: 3 names that do not exist",
		},
		"a name of the fleet's other bans": {
			typo,
			Context{Fleet: map[string]int{"jdupnt": 12}},
			"Person or attacker? jdupnt was tried from 12 other addresses this week; jdupnt does not exist",
		},
		"an old password everywhere": {
			forgotten,
			Context{Others: []Other{{Jail: "dovecot", Evidence: Read(forgotten)}}},
			"Probably a person: only jdupont, who exists; 4 failures in 4 min",
		},
		"other names elsewhere": {
			names,
			Context{Others: []Other{{Jail: "dovecot", Evidence: Read(dictionary)}}},
			"Probably an attacker: 2 names that do not exist; dovecot banned it as well, for other names",
		},
		"root":   {root, Context{}, "Person or attacker? only root, which people and attackers use alike"},
		"office": {office, Context{}, "Person or attacker? 3 names, all of which exist; an office, or stolen names"},
		"nothing known": {
			"", Context{Failures: 5}, "Person or attacker? no log lines are known",
		},
		"no form that is known": {
			"something failed", Context{}, "Person or attacker? the log lines are of no known form",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v := Judge(Read(tc.matches), tc.context)
			if got := v.String(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// With maxretry 1, all that is known is one line.
func TestOneLineIsOfAnAttackerOnlyByItsName(t *testing.T) {
	for _, f := range forms(t) {
		v := Judge(Read(f.line), Context{Failures: 1, Network: Hosting, Bans: 30})
		if v.Who == Attacker {
			t.Errorf("%s: %s", v, f.line)
		}
	}
	guess := strings.Replace(forms(t)[1].line, "anna", "oracle", 1)
	v := Judge(Read(guess), Context{Failures: 1})
	if v.Who != Attacker || !slices.Contains(v.Reasons, "oracle is a name that attackers try") {
		t.Errorf("%s: %s", v, guess)
	}
}
