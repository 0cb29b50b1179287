package whatif

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
)

// Replay reads fail2ban.log, oldest lines first, and counts for every jail what other rules would have done. Its fields
// are set before the first line.
type Replay struct {
	Jail     string // the only one that counts; "": all
	Since    int64  // earlier lines are left out: seconds of the local time of the server, since 1970
	FindTime int64  // another findtime to count with, in seconds; 0: none

	// Known are the rules of jails over time, as Fail2Ban itself has told them, the oldest first. They count for jails of
	// which the log tells no rule. The first is taken to have been in force before.
	Known map[string][]KnownRule

	// Found and Bans are how many lines of failures and of bans there were, of any jail and any time.
	Found, Bans int

	jails  map[string]*jail
	others map[string]bool // jails that were not asked for
	named  *jail           // whose rule the lines tell just now
	clock  clock
}

// KnownRule is a rule that is in force from a moment on: seconds of the local time of the server, since 1970.
type KnownRule struct {
	Rule

	At int64
}

// jail is what is known of one jail.
type jail struct {
	rule      Rule // zero: nobody has told it
	asked     bool // it is of Known
	next      []KnownRule
	before    Rule  // the rule until since; zero: it has always been as it is
	since     int64 // when the rule was changed: what was before has been forgotten
	first     int64 // time of the first and of the last line that counts
	last      int64
	epoch     uint32
	addresses map[string]*track
	episodes  int           // bans
	retries   map[int32]int // how often bans came at this count
	seen      int           // failures
}

// track is what is known of one address in one jail.
type track struct {
	epoch  uint32
	banned bool
	actual counter // as Fail2Ban itself counts: a ban ends it
	own    counter // with the findtime of the jail, as if nobody was banned
	asked  counter // with the one that is asked for
	peak   int32   // the highest count of own: with a lower maxretry or this one, the address is banned
	other  int32   // the highest count of asked
}

// Read reads a file. A line that is not understood is left out.
func (r *Replay) Read(in io.Reader) error {
	lines := bufio.NewReaderSize(in, 1<<18)
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // no line of Fail2Ban
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
			line = nil
		}
		if err == nil || errors.Is(err, io.EOF) {
			r.line(bytes.TrimRight(line, "\r\n"))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Gap says that lines are missing here: what was counted before is given up.
func (r *Replay) Gap() {
	for _, j := range r.jails {
		j.epoch++
	}
}

func (r *Replay) line(line []byte) {
	e := r.clock.parse(line)
	switch e.kind {
	case other:
	case created:
		r.named = r.jail(e.jail)
	case settled:
		r.named = nil
	case retries:
		if r.named != nil {
			r.named.heard()
			r.named.change(Rule{int(e.count), r.named.rule.FindTime}, e.at)
		}
	case window:
		if r.named != nil {
			r.named.heard()
			r.named.change(Rule{r.named.rule.MaxRetry, e.count}, e.at)
		}
	case started:
		r.named = nil
		r.restart(e)
	case found, more, banned:
		if e.kind == banned {
			r.Bans++
		} else {
			r.Found++
		}
		if j := r.jail(e.jail); j != nil && (e.at == 0 || e.at >= r.Since) {
			j.count(e, r.FindTime)
		}
	}
}

// change takes over a rule. What came by another one says little about it, and is forgotten.
func (j *jail) change(rule Rule, at int64) {
	switch {
	case rule == j.rule:
	case j.rule.MaxRetry == 0 && rule.FindTime == j.rule.FindTime, j.rule.FindTime == 0 && rule.MaxRetry == j.rule.MaxRetry:
		j.rule = rule // it is told for the first time
	default:
		if at > j.since { // else both of its parts change
			j.before = j.rule
		}
		*j = jail{
			rule: rule, asked: j.asked, next: j.next, before: j.before, since: at, epoch: j.epoch,
			addresses: map[string]*track{}, retries: map[int32]int{},
		}
	}
}

// heard gives up what is known from elsewhere: the log tells the rule itself, and to the second.
func (j *jail) heard() {
	if j.asked {
		j.rule, j.asked, j.next = Rule{}, false, nil
	}
}

// catchUp takes over the rules that are in force by then.
func (j *jail) catchUp(at int64) {
	for len(j.next) > 0 && j.next[0].At <= at {
		next := j.next[0]
		j.next = j.next[1:]
		j.change(next.Rule, next.At)
	}
}

// mostOthers is how many jails that are not asked for are known by name.
const mostOthers = 1000

// jail returns the jail of that name, nil for one that is not asked for.
func (r *Replay) jail(name []byte) *jail {
	j := r.jails[string(name)]
	if j != nil {
		return j
	}
	if r.Jail != "" && r.Jail != string(name) {
		if !r.others[string(name)] && len(r.others) < mostOthers {
			if r.others == nil {
				r.others = map[string]bool{}
			}
			r.others[string(name)] = true
		}
		return nil
	}
	if r.jails == nil {
		r.jails = map[string]*jail{}
	}
	j = &jail{addresses: map[string]*track{}, retries: map[int32]int{}}
	if known := r.Known[string(name)]; len(known) > 0 {
		j.rule, j.asked, j.next = known[0].Rule, true, known[1:]
	}
	r.jails[string(name)] = j
	return j
}

// restart gives up what was counted: of all, of a jail, or of an address whose ban is restored.
func (r *Replay) restart(e event) {
	switch {
	case e.jail == nil:
		r.Gap()
	case e.address == nil:
		if j := r.jails[string(e.jail)]; j != nil {
			j.epoch++
		}
	default:
		if j := r.jails[string(e.jail)]; j != nil {
			if t := j.addresses[string(e.address)]; t != nil {
				t.actual, t.own, t.asked = counter{}, counter{}, counter{}
			}
		}
	}
}

func (j *jail) count(e event, asked int64) {
	if e.at != 0 {
		j.catchUp(e.at)
		if j.first == 0 {
			j.first = e.at
		}
		j.last = max(j.last, e.at)
	}
	t := j.addresses[string(e.address)]
	if t == nil {
		t = &track{epoch: j.epoch}
		j.addresses[string(e.address)] = t
	}
	if t.epoch != j.epoch {
		t.epoch = j.epoch
		t.actual, t.own, t.asked = counter{}, counter{}, counter{}
	}
	if e.kind == banned {
		j.episodes++
		j.retries[t.actual.retry]++
		if t.actual.retry == 0 { // by hand, or of failures that are not in the log
			t.own, t.asked = counter{}, counter{}
		}
		t.banned, t.actual = true, counter{}
		return
	}
	j.seen++
	n, findTime := int32(e.count), j.findTime()
	t.actual.add(e.at, n, findTime)
	add := (*counter).add
	if t.banned {
		add = (*counter).addUnsure
	}
	add(&t.own, e.at, n, findTime)
	t.peak = max(t.peak, t.own.retry)
	if asked > 0 {
		add(&t.asked, e.at, n, asked)
		t.other = max(t.other, t.asked.retry)
	}
}

func (j *jail) findTime() int64 {
	if j.rule.FindTime > 0 {
		return j.rule.FindTime
	}
	return stock.FindTime
}

// present is the rule in force. Where nobody tells maxretry, it is the count at which most bans came.
func (j *jail) present() Rule {
	rule := Rule{j.rule.MaxRetry, j.findTime()}
	if rule.MaxRetry > 0 {
		return rule
	}
	rule.MaxRetry = stock.MaxRetry
	most := 0
	for _, retry := range slices.Sorted(maps.Keys(j.retries)) {
		if n := j.retries[retry]; retry > 0 && n > most {
			most, rule.MaxRetry = n, int(retry)
		}
	}
	return rule
}
