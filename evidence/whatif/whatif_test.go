package whatif

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	seed   = flag.Uint64("seed", 20261128, "of the worlds")
	worlds = flag.Int("worlds", manyWorlds, "how many are simulated")
)

// sequence is what one address does, and how its jail counts it.
type sequence struct {
	FindTime int64   `json:"findtime"`
	MaxRetry int     `json:"maxretry"`
	Times    []int64 `json:"times"` // ascending
}

// pace makes ascending times of one of several kinds.
func pace(r *rand.Rand, n int, findTime int64) []int64 {
	at := int64(1_700_000_000 + r.IntN(1000))
	var all []int64
	kind := r.IntN(4)
	for range n {
		all = append(all, at)
		switch kind {
		case 0:
			at += r.Int64N(20)
		case 1:
			at += r.Int64N(findTime + 10)
		case 2:
			at += []int64{0, 1, findTime / 3, findTime - 1, findTime, findTime + 1, 5 * findTime}[r.IntN(7)]
		default:
			at += int64(r.ExpFloat64() * float64(findTime) / 3)
		}
	}
	return all
}

// imports are Fail2Ban's own code, where Debian has it.
const imports = `
import sys, json
sys.path.append("/usr/lib/python3/dist-packages")
from fail2ban.server.failmanager import FailManager, FailManagerEmpty
from fail2ban.server.ticket import FailTicket
`

// fail2ban counts as that does, and prints the counts.
const fail2ban = imports + `
for line in sys.stdin:
    s = json.loads(line)
    m = FailManager()
    m.setMaxTime(s["findtime"]); m.setMaxRetry(s["maxretry"])
    out = []
    for t in s["times"]:
        m.cleanup(t)
        out.append(m.addFailure(FailTicket("192.0.2.7", t)))
        try:
            m.toBan("192.0.2.7")
        except FailManagerEmpty:
            pass
    print(json.dumps(out))
`

func TestFailuresCountAsFail2BanCountsThem(t *testing.T) {
	const python = "/usr/bin/python3"
	out, err := exec.CommandContext(t.Context(), python, "-c", imports).CombinedOutput()
	if err != nil {
		if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" {
			t.Fatalf("no Fail2Ban on this machine: %v %s", err, out)
		}
		t.Skip("no Fail2Ban on this machine")
	}
	t.Logf("seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 2))
	var all []sequence
	var in bytes.Buffer
	for range 2000 {
		s := sequence{FindTime: []int64{10, 60, 600, 86400}[r.IntN(4)]}
		s.MaxRetry = []int{1, 2, 3, 5, 10, 1000}[r.IntN(6)]
		s.Times = pace(r, 1+r.IntN(40), s.FindTime)
		all = append(all, s)
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", fail2ban)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	answers, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(answers)), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d answers", len(lines))
	}
	differ := 0
	for i, s := range all {
		var want, got []int32
		if err := json.Unmarshal([]byte(lines[i]), &want); err != nil {
			t.Fatal(err)
		}
		var c counter
		for _, at := range s.Times {
			c.add(at, 1, s.FindTime)
			got = append(got, c.retry)
			if int(c.retry) >= s.MaxRetry {
				c = counter{}
			}
		}
		if !slices.Equal(got, want) {
			if differ++; differ < 5 {
				t.Errorf("%+v:\ngot  %v\nwant %v", s, got, want)
			}
		}
	}
	t.Logf("%d of %d sequences differ", differ, len(all))
}

// world is what addresses would do if nobody was banned.
type world map[string][]int64

func newWorld(r *rand.Rand, findTime int64) world {
	w := world{}
	for i := range 1 + r.IntN(8) {
		w[fmt.Sprintf("192.0.2.%d", i)] = pace(r, 1+r.IntN(30), findTime)
	}
	return w
}

// live returns the log that Fail2Ban writes under a rule, and who is banned. What is tried during a ban is not seen.
func (w world) live(rule Rule, banTime int64) (log string, bans map[string]int) {
	type entry struct {
		at   int64
		text string
	}
	var lines []entry
	bans = map[string]int{}
	for address, times := range w {
		var c counter
		until := int64(0)
		for _, at := range times {
			if at < until {
				continue
			}
			c.add(at, 1, rule.FindTime)
			stamp := time.Unix(at, 0).UTC().Format(time.DateTime)
			lines = append(lines, entry{at, fmt.Sprintf(
				"%s,123 fail2ban.filter         [900]: INFO    [sshd] Found %s - %s", stamp, address, stamp)})
			if int(c.retry) >= rule.MaxRetry {
				c, until = counter{}, at+banTime
				bans[address]++
				lines = append(lines, entry{at, fmt.Sprintf(
					"%s,456 fail2ban.actions        [900]: NOTICE  [sshd] Ban %s", stamp, address)})
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b entry) int { return int(a.at - b.at) })
	var b strings.Builder
	fmt.Fprintf(&b, "2020-01-01 00:00:00,000 fail2ban.jail [900]: INFO    Creating new jail 'sshd'\n"+
		"2020-01-01 00:00:00,000 fail2ban.filter [900]: INFO      maxRetry: %d\n"+
		"2020-01-01 00:00:00,000 fail2ban.filter [900]: INFO      findtime: %d\n", rule.MaxRetry, rule.FindTime)
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	return b.String(), bans
}

// Promise: what-if tells the truth. In every world, what would have happened lies within the bounds.
func TestTheTruthLiesWithinTheBounds(t *testing.T) {
	t.Logf("seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 3))
	outside, exact, loose, choices := 0, 0, 0, 0
	for i := range *worlds {
		present := Rule{1 + r.IntN(8), []int64{60, 600, 3600}[r.IntN(3)]}
		banTime := []int64{present.FindTime, 600, 3600, 1 << 40}[r.IntN(4)]
		w := newWorld(r, present.FindTime)
		log, bans := w.live(present, banTime)
		asked := []int64{0, present.FindTime * 3, present.FindTime / 3}[r.IntN(3)]
		replay := Replay{FindTime: asked}
		if err := replay.Read(strings.NewReader(log)); err != nil {
			t.Fatal(err)
		}
		var rules []Rule
		for retry := 1; retry <= 14; retry++ {
			rules = append(rules, Rule{retry, asked})
		}
		res := replay.Result("sshd", func(string) bool { return true }, rules...)
		if res.Present != present || res.Banned != len(bans) || !res.Told {
			t.Fatalf("world %d: %+v, want %+v and %d banned", i, res, present, len(bans))
		}
		for _, c := range res.Choices {
			_, truly := w.live(c.Rule, banTime)
			choices++
			switch truth := len(truly); {
			case truth < c.Banned[0] || truth > c.Banned[1]:
				if outside++; outside < 5 {
					t.Errorf("world %d: %+v to %+v: truth %d, bounds %v", i, present, c.Rule, truth, c.Banned)
				}
			case c.Banned[0] == c.Banned[1]:
				exact++
			default:
				loose++
			}
			if stricter := c.MaxRetry <= present.MaxRetry && c.FindTime == present.FindTime; stricter &&
				c.Banned[0] != c.Banned[1] {
				t.Errorf("world %d: %+v to the stricter %+v: bounds %v are not exact", i, present, c.Rule, c.Banned)
			}
		}
	}
	t.Logf("%d worlds, %d choices: outside %d, exact %d, bounds apart %d", *worlds, choices, outside, exact, loose)
}

func TestLinesThatCount(t *testing.T) {
	const log = `2026-11-27 09:00:00,001 fail2ban.jail           [900]: INFO    Creating new jail 'sshd'
2026-11-27 09:00:00,002 fail2ban.filter         [900]: INFO      maxRetry: 3
2026-11-27 09:00:00,003 fail2ban.filter         [900]: INFO      findtime: 600
2026-11-27 09:00:01,001 fail2ban.jail           [900]: INFO    Jail 'sshd' started
2026-11-27 10:00:00,001 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1 - 2026-11-27 10:00:00
2026-11-27 10:00:05,001 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.1 - 2026-11-27 10:00:05
2026-11-27 10:00:05,101 fail2ban.observer      [900]: INFO [sshd] Found 192.0.2.1, bad - 2026-11-27 10:00:05, 1 # -> 2
2026-11-27 10:00:06,001 fail2ban.actions        [900]: NOTICE  [sshd] Ban 192.0.2.1
2026-11-27 10:00:07,001 fail2ban.actions        [900]: NOTICE  [sshd] 192.0.2.1 already banned
2026-11-27 10:10:00,001 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.2 - 2026-11-27 10:10:00
2026-11-27 10:10:01,001 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.2.2 - 2026-11-27 10:10:01
2026-11-27 10:10:02,001 fail2ban.server         [900]: INFO    Exiting Fail2ban
2026-11-27 10:10:03,001 fail2ban.server         [955]: INFO    Starting Fail2ban v1.0.2
2026-11-27 10:10:04,001 fail2ban.filter         [955]: INFO    [sshd] Found 192.0.2.2 - 2026-11-27 10:10:04
2026-11-27 10:20:00,001 fail2ban.actions        [955]: NOTICE  [sshd] Ban 192.0.2.3
2026-11-27 10:20:01,001 fail2ban.filter         [955]: WARNING quoted: '[sshd] Found 192.0.2.9 - 2026-11-27 10:20:01'
2026-11-27 10:21:00,001 fail2ban.filter         [955]: INFO    [dovecot] Found 192.0.2.4 - 2026-11-27 10:21:00
`
	var replay Replay
	if err := replay.Read(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	if got := replay.Jails(); !slices.Equal(got, []string{"dovecot", "sshd"}) {
		t.Errorf("jails %q", got)
	}
	friends := func(address string) bool { return address == "192.0.2.3" }
	res := replay.Result("sshd", friends, Rule{MaxRetry: 2}, Rule{MaxRetry: 3}, Rule{MaxRetry: 5})
	if res.Present != (Rule{3, 600}) || !res.Told || res.Failures != 6 || res.Banned != 2 || res.Friends != 1 {
		t.Errorf("%+v", res)
	}
	// 192.0.2.1 had two failures that counted as three, 192.0.2.2 two and one after a restart; 192.0.2.3 was banned by
	// hand.
	want := []Choice{
		{Rule{2, 600}, Bounds{2, 3}, Bounds{0, 1}, 0},
		{Rule{3, 600}, Bounds{2, 2}, Bounds{1, 1}, 0},
		{Rule{5, 600}, Bounds{0, 2}, Bounds{0, 1}, 4},
	}
	if !slices.Equal(res.Choices, want) {
		t.Errorf("got\n%+v\nwant\n%+v", res.Choices, want)
	}
	late := Replay{Since: time.Date(2026, 11, 27, 10, 15, 0, 0, time.UTC).Unix()}
	if err := late.Read(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	if res := late.Result("sshd", friends); res.Banned != 1 || res.Failures != 0 || !res.Told {
		t.Errorf("since 10:15: %+v", res)
	}
}

func TestRuleIsInferredWhereTheLogDoesNotTell(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 4))
	log, _ := newWorldOf(r, 50).live(Rule{4, 600}, 3600)
	_, untold, _ := strings.Cut(log, "findtime: 600\n")
	var replay Replay
	if err := replay.Read(strings.NewReader(untold)); err != nil {
		t.Fatal(err)
	}
	if res := replay.Result("sshd", func(string) bool { return false }); res.Present != (Rule{4, 600}) || res.Told {
		t.Errorf("%+v", res)
	}
}

func newWorldOf(r *rand.Rand, n int) world {
	w := world{}
	for i := range n {
		for _, times := range newWorld(r, 600) {
			w[fmt.Sprintf("198.51.100.%d", i)] = times
		}
	}
	return w
}

func FuzzReplay(f *testing.F) {
	r := rand.New(rand.NewPCG(*seed, 5))
	log, _ := newWorld(r, 600).live(Rule{3, 600}, 600)
	f.Add(log)
	f.Add("2026-11-27 10:00:05,101 x [9]: INFO [sshd] Found ::1, bad - 2026-11-27 10:00:05, 1 # -> 99999999999999999\n")
	f.Add("[] Found  - \n[sshd] Ban \n9999-99-99 99:99:99 [sshd] Found a - 0000-00-00 00:00:00")
	f.Fuzz(func(t *testing.T, log string) {
		replay := Replay{FindTime: 60}
		if err := replay.Read(strings.NewReader(log)); err != nil {
			t.Fatal(err)
		}
		for _, jail := range replay.Jails() {
			everybody := func(string) bool { return true }
			for _, c := range replay.Result(jail, everybody, Rule{}, Rule{1, 60}, Rule{MaxRetry: 9}).Choices {
				if c.Banned[0] > c.Banned[1] || c.Friends != c.Banned {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}

// BenchmarkReplay reads a log of 10,000 addresses, again and again.
func BenchmarkReplay(b *testing.B) {
	var log bytes.Buffer
	r := rand.New(rand.NewPCG(*seed, 6))
	for i := range 200_000 {
		stamp := time.Unix(1_700_000_000+int64(i/4), 0).UTC().Format(time.DateTime)
		fmt.Fprintf(&log, "%s,123 fail2ban.filter         [900]: INFO    [sshd] Found 192.0.%d.%d - %s\n",
			stamp, r.IntN(40), r.IntN(250), stamp)
	}
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		var replay Replay
		if err := replay.Read(bytes.NewReader(log.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
