package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// read keeps lines of web1: bans of now, rejects, and others by kind.
func (d *desk) read(bans, rejects int, others map[string]int) {
	d.t.Helper()
	b := store.Batch{
		Source: "web1", Lines: bans + rejects, Others: others, ReadAt: time.Now(),
		NewsSince: time.Now().Add(-time.Hour),
	}
	for range bans {
		d.line++
		b.Bans = append(b.Bans, store.Ban{
			Time: time.Now().Add(-time.Duration(d.line%1000) * time.Second), Address: "192.0.2.1", Jail: "sshd",
		})
	}
	for range rejects {
		d.line++
		b.Rejects = append(b.Rejects, store.Reject{Line: d.line, Reason: "no time"})
	}
	for _, n := range others {
		b.Lines += n
		d.line += int64(n)
	}
	b.Cursor = store.Cursor{Offset: d.line, Size: d.line, Line: d.line}
	if _, err := d.store.AddBans(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
}

// tells looks, and wants one message that begins so; "" is none.
func (d *desk) tells(want string) {
	d.t.Helper()
	got := d.look()
	if len(got) != 0 && want == "" || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
		d.t.Errorf("said %q, want %q", got, want)
	}
}

func TestT02ASourceOfWhichNothingWasEverUnderstoodIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(2 * time.Minute)
		d.read(0, 0, map[string]int{store.OtherProgram: 20, store.Header: 1})
		d.tells("")
		d.read(0, 1, nil)
		d.tells("🔴 web1 brings lines that I do not understand: 21 lines so far (1 × no time, latest in line 22)")
		d.read(0, 1, nil)
		d.tells("")
		d.read(1, 0, nil)
		d.tells("🟢 web1 brings lines that I understand again")
		d.read(0, 1, nil) // once it was understood, one is not enough
		d.tells("")
	})
}

func TestT02RejectsThatOutnumberBansAreToldOnceAndTheirEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(2 * time.Minute)
		minute := func(bans, rejects int, want string) {
			t.Helper()
			time.Sleep(time.Minute)
			d.read(bans, rejects, map[string]int{"failure found": 50})
			d.tells(want)
		}
		for range 40 { // some are no trouble
			minute(4, 1, "")
		}
		for range 19 {
			minute(2, 3, "")
		}
		minute(2, 3, "🔴 web1 brings lines that I do not understand: more rejects than bans "+
			"(100 × no time, latest in line 3\u202f250), last ban 01:57 (4 min ago). To see what is wrong: friendlyfire check")
		if got := d.status(); !strings.HasPrefix(got, "🔴 Trouble with web1.") {
			t.Errorf("status %q", got)
		}
		if got := d.healthLine(); !strings.HasSuffix(got, "Trouble: web1 brings lines that I do not understand") {
			t.Errorf("digest %q", got)
		}
		for range 100 {
			minute(2, 3, "")
		}
		d.restart()
		time.Sleep(2 * time.Minute)
		minute(2, 3, "")
		minute(2, 0, "")
		minute(0, 1, "")
		minute(2, 0, "")
		minute(1, 0, "🟢 web1 brings lines that I understand again, after 1 h 47 min: last ban ")
		for range 100 {
			minute(4, 1, "")
		}
		if got := d.status(); !strings.HasPrefix(got, "🟢 All is well.") {
			t.Errorf("status %q", got)
		}
	})
}

func TestT02WhatIsUnderstood(t *testing.T) {
	const program, rest, found = store.OtherProgram, store.Continued, "failure found"
	type lines struct {
		bans, rejects int
		others        map[string]int
	}
	for name, tc := range map[string]struct {
		minutes []lines // again and again, 20 minutes
		want    string
	}{
		"nothing":                 {[]lines{{}}, ""},
		"blank lines and headers": {[]lines{{others: map[string]int{store.BlankLine: 20, store.Header: 20}}}, ""},
		"failures":                {[]lines{{others: map[string]int{found: 20}}}, ""},
		"other programs": {
			[]lines{{others: map[string]int{program: 20}}},
			"🔴 web1 brings no line of Fail2Ban",
		},
		"other programs and failures": {[]lines{{others: map[string]int{program: 500, found: 1}}}, ""},
		"a failure, then other programs": {append([]lines{{others: map[string]int{found: 1}}},
			make([]lines, 19)...), ""},
		"long messages":      {[]lines{{others: map[string]int{found: 1, rest: 40}}}, ""},
		"lines without time": {[]lines{{others: map[string]int{rest: 1}}}, "🔴 web1 brings no line of Fail2Ban"},
		"rejects":            {[]lines{{rejects: 1}}, "🔴 web1 brings lines that I do not understand: "},
		"a reject and nothing else": {
			append([]lines{{rejects: 1}}, make([]lines, 59)...),
			"🔴 web1 brings lines that I do not understand: 1 line so far",
		},
		"a reject in an hour": {
			append([]lines{{others: map[string]int{found: 1}}, {rejects: 1}}, make([]lines, 58)...), "",
		},
		"rejected bans among failures": {
			[]lines{{rejects: 6, others: map[string]int{found: 100}}},
			"🔴 web1 brings lines that I do not understand: more rejects than bans",
		},
		"rejects and bans": {[]lines{{rejects: 4, bans: 5}}, ""},
		"a restart":        {[]lines{{rejects: 4, others: map[string]int{store.RepeatedBan: 5}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				time.Sleep(2 * time.Minute)
				var said []string
				for minute := range 20 {
					m := tc.minutes[minute%len(tc.minutes)]
					d.read(m.bans, m.rejects, m.others)
					time.Sleep(time.Minute)
					said = append(said, d.look()...)
				}
				got := strings.Join(said, "\n")
				if !strings.HasPrefix(got, tc.want) || len(said) > 1 || tc.want == "" && got != "" {
					t.Errorf("said %q, want %q", said, tc.want)
				}
			})
		})
	}
}

// A copy of the database that is older than what the program remembers is no trouble.
func TestT02OlderCountsStartAnew(t *testing.T) {
	var l lineState
	l.look(store.SourceStatus{Bans: 900, Rejects: 90}, 1000)
	l.look(store.SourceStatus{Bans: 200, Rejects: 80}, 2000)
	if l.lost() || l.Mostly {
		t.Errorf("%+v", l)
	}
	l.look(store.SourceStatus{Bans: 200, Rejects: 180}, 500) // the clock was set back, too
	if !l.lost() {
		t.Errorf("%+v", l)
	}
}

func TestT02LogLevelThatHidesBans(t *testing.T) {
	again, other := store.AlreadyBanned, store.OtherFail2Ban
	for name, tc := range map[string]struct {
		s    store.SourceStatus
		want bool
	}{
		"nothing":           {store.SourceStatus{}, false},
		"warnings":          {store.SourceStatus{Others: map[string]int64{again: 2, other: 1}}, true},
		"in a system log":   {store.SourceStatus{Others: map[string]int64{again: 3, store.OtherProgram: 900}}, true},
		"too few":           {store.SourceStatus{Others: map[string]int64{again: 2}}, false},
		"errors only":       {store.SourceStatus{Others: map[string]int64{other: 90}}, false},
		"bans":              {store.SourceStatus{Bans: 1, Others: map[string]int64{again: 90}}, false},
		"restored bans":     {store.SourceStatus{Others: map[string]int64{again: 90, "restored ban": 1}}, false},
		"bans not readable": {store.SourceStatus{Rejects: 1, Others: map[string]int64{again: 90}}, false},
	} {
		if got := muted(tc.s); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
