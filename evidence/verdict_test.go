package evidence

import (
	"bufio"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var sceneSeed = flag.Uint64("scene-seed", 20261128, "seed of the scenes of persons and attackers")

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// tally counts verdicts by kind.
type tally struct {
	persons, attackers               int
	accused, spared                  int // persons called attackers, attackers called persons
	unclearPersons, unclearAttackers int
	kinds                            map[string]map[Who]int
}

func judgeAll(t *testing.T, all []scene) (r tally) {
	t.Helper()
	r.kinds = map[string]map[Who]int{}
	for _, s := range all {
		v := Judge(Read(s.matches), s.context)
		name := "attacker: " + s.kind
		if s.person {
			name = "person: " + s.kind
		}
		if r.kinds[name] == nil {
			r.kinds[name] = map[Who]int{}
		}
		r.kinds[name][v.Who]++
		if len(v.Reasons) == 0 {
			t.Errorf("%s: %s no reason:\n%s", name, v.Who, s.matches)
		}
		wrong := Person
		if s.person {
			wrong = Attacker
			r.persons++
		} else {
			r.attackers++
		}
		if v.Who == wrong {
			t.Logf("%s: %v\n%s", name, v.Reasons, s.matches)
		}
		switch {
		case v.Who == Unclear && s.person:
			r.unclearPersons++
		case v.Who == Unclear:
			r.unclearAttackers++
		case v.Who == wrong && s.person:
			r.accused++
		case v.Who == wrong:
			r.spared++
		}
	}
	return r
}

func (r tally) check(t *testing.T, title string) {
	t.Helper()
	t.Logf("%s: persons called attackers %d of %d (unclear %d), attackers called persons %d of %d (unclear %d)",
		title, r.accused, r.persons, r.unclearPersons, r.spared, r.attackers, r.unclearAttackers)
	for _, kind := range sortedKeys(r.kinds) {
		k := r.kinds[kind]
		t.Logf("  %-60s person %3d  attacker %3d  unclear %3d", kind, k[Person], k[Attacker], k[Unclear])
	}
	if r.persons < 200 {
		t.Errorf("only %d persons", r.persons)
	}
	if 100*r.accused > r.persons {
		t.Errorf("%d of %d persons called attackers, more than 1 in 100", r.accused, r.persons)
	}
	if 20*r.spared > r.attackers {
		t.Errorf("%d of %d attackers called persons, more than 1 in 20", r.spared, r.attackers)
	}
}

// Promise: a person is not called an attacker.
func TestAPersonIsNotCalledAnAttacker(t *testing.T) {
	t.Logf("seed %d", *sceneSeed)
	judgeAll(t, scenes(*sceneSeed, 40, people, attackers)).check(t, "scenes")
}

func TestVerdictsHoldForKindsThatTheRuleWasNotMadeOn(t *testing.T) {
	t.Logf("seed %d", *sceneSeed+1)
	judgeAll(t, scenes(*sceneSeed+1, 40, otherPeople, otherAttackers)).check(t, "kinds set aside")
}

// The attackers of a real log, banned by Fail2Ban's usual sshd jail, as SSHD_LOG names it.
func TestAttackersOfARealLogAreNotCalledPersons(t *testing.T) {
	path := os.Getenv("SSHD_LOG")
	if path == "" {
		t.Skip("SSHD_LOG names no log")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	byAddress := map[string][]string{}
	connection := map[string]string{} // the address of each process
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		_, rest, _ := strings.Cut(line, "sshd[")
		pid, message, _ := strings.Cut(rest, "]")
		separator := func(r rune) bool { return strings.ContainsRune(" =:[]", r) }
		for word := range strings.FieldsFuncSeq(message, separator) {
			if strings.Count(word, ".") == 3 && word[0] >= '0' && word[0] <= '9' {
				connection[pid] = word
			}
		}
		if address := connection[pid]; address != "" {
			byAddress[address] = append(byAddress[address], line)
		}
	}
	for _, keep := range []int{3, 5, 10} {
		var all []scene
		for _, address := range sortedKeys(byAddress) {
			lines := slices.DeleteFunc(slices.Clone(byAddress[address]), func(line string) bool {
				return strings.Contains(line, "reverse mapping") || strings.Contains(line, "Received disconnect") ||
					strings.Contains(line, "input_userauth") || strings.Contains(line, "session")
			})
			if len(lines) < 3 || strings.Contains(strings.Join(lines, ""), "Accepted ") {
				continue
			}
			var earlier []Evidence
			for i := keep; ; i += keep { // every ban of it
				i = min(i, len(lines))
				matches := strings.Join(lines[max(0, i-keep):i], "\n")
				all = append(all, scene{address, false, matches, Context{Failures: 5, Earlier: slices.Clone(earlier)}})
				earlier = append([]Evidence{Read(matches)}, earlier...)
				if i == len(lines) {
					break
				}
			}
		}
		r := judgeAll(t, all)
		t.Logf("%d lines of each: %d bans, called persons %d, unclear "+
			"%d", keep, r.attackers, r.spared, r.unclearAttackers)
		if 20*r.spared > r.attackers {
			t.Errorf("%d of %d attackers called persons", r.spared, r.attackers)
		}
	}
}

func BenchmarkVerdict(b *testing.B) {
	all := scenes(*sceneSeed, 5, people, attackers)
	for i := 0; b.Loop(); i++ {
		s := all[i%len(all)]
		Judge(Read(s.matches), s.context)
	}
}
