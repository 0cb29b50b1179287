package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// A source is not understood when it brings lines that are neither bans nor known to be something else:
//
//   - a reject, as long as no line of it was ever understood; where the program ends when all has been read, any line;
//   - or 100 such lines since the latest one that was understood, or at least three that came over eight minutes, so that
//     the chats are told within ten;
//   - or more rejects than bans among 100 lines of either kind, or among those of an hour if there are at least ten.
//     With fewer, the hour goes on until there are.
//
// All that Fail2Ban writes is understood, whether it is a ban or not. Not understood are rejects, the rest of a
// message, and lines of other programs as long as the source has never brought a line of Fail2Ban. So a system log with
// a ban now and then is well, and the log of something else is not. Blank lines, comments and headers count for
// neither.
//
// It is over with the first line that is understood or, where rejects outnumbered bans, with three bans in a row.
const (
	strangeLines = 100
	strangeFew   = 3
	strangeTime  = 8 * time.Minute
	shareLines   = 100
	shareFew     = 10
	shareTime    = time.Hour
	goodBans     = 3
)

// lineState is what is remembered of a source's lines. Numbers of lines are totals, moments are unix seconds.
type lineState struct {
	Understood int64 `json:"understood"` // by the latest look
	Strange    int64 `json:"strange"`    // not understood, before the latest that was understood
	Seen       int64 `json:"seen"`       // not understood, by the latest look
	Began      int64 `json:"began"`      // when the first of Seen - Strange was seen; 0: there is none
	Last       int64 `json:"last"`       // when the latest of them was

	From    int64 `json:"from"` // when the lines began whose share of rejects is judged
	Bans    int64 `json:"bans"` // before them
	Rejects int64 `json:"rejects"`
	Mostly  bool  `json:"mostly"` // the rejects outnumber the bans
}

// countUnderstood counts a source's lines by whether they are understood.
func countUnderstood(s store.SourceStatus) (understood, strange int64) {
	understood, strange = s.Bans, s.Rejects
	for kind, n := range s.Others {
		switch kind {
		case store.BlankLine, store.Header, store.Comment, store.NotToldApart, store.OtherProgram:
		case store.Continued:
			strange += n
		default:
			understood += n
		}
	}
	if understood == 0 {
		return 0, strange + s.Others[store.OtherProgram]
	}
	return understood + s.Others[store.OtherProgram], strange
}

// look brings the state up to date.
func (l *lineState) look(s store.SourceStatus, now int64) {
	understood, strange := countUnderstood(s)
	if understood != l.Understood || strange < l.Seen { // fewer: the database is an older copy
		l.Understood, l.Strange, l.Seen, l.Began, l.Last = understood, strange, strange, 0, 0
	}
	if strange > l.Seen {
		if l.Began == 0 || l.Began > now {
			l.Began = now
		}
		l.Seen, l.Last = strange, now
	}
	bans := s.Bans + s.Others[store.RepeatedBan]
	restart := func() { l.From, l.Bans, l.Rejects = now, bans, s.Rejects }
	switch {
	case l.From == 0:
		l.From = now
	case l.From > now || l.Bans > bans || l.Rejects > s.Rejects:
		restart()
	}
	good, bad := bans-l.Bans, s.Rejects-l.Rejects
	switch {
	case good+bad >= shareLines || good+bad >= shareFew && now-l.From >= int64(shareTime/time.Second):
		l.Mostly = bad > good
		restart()
	case l.Mostly && bad > 0:
		restart()
	case l.Mostly && good >= goodBans:
		l.Mostly = false
		restart()
	}
}

// neverUnderstood reports whether no line was ever understood, and one should have been.
func (h *Health) neverUnderstood(s store.SourceStatus) bool {
	understood, strange := countUnderstood(s)
	return understood == 0 && (s.Rejects > 0 || h.Once && strange > 0)
}

// lost reports whether lines came that were not understood, and no others.
func (l *lineState) lost() bool {
	n := l.Seen - l.Strange
	return n >= strangeLines || n >= strangeFew && l.Last-l.Began >= int64(strangeTime/time.Second)
}

// sameAs reports whether nothing has changed that must be kept. Of lines that are understood nothing need be.
func (l *lineState) sameAs(kept lineState) bool {
	return l.Began == kept.Began && l.Last == kept.Last && l.Seen-l.Strange == kept.Seen-kept.Strange &&
		l.From == kept.From && l.Mostly == kept.Mostly
}

// lines tells of a source that is not understood, and of one whose Fail2Ban does not log bans.
func (r *round) lines(s store.SourceStatus) error {
	key := "health/lines/" + s.Name
	l, looked := r.lineStates[s.Name]
	if kept := r.kept[key]; !looked && kept != "" {
		if err := json.Unmarshal([]byte(kept), &l); err != nil {
			return fmt.Errorf("value of %s: %w", key, err)
		}
	}
	before := l
	l.look(s, r.now.Unix())
	if !l.sameAs(before) {
		kept, err := json.Marshal(l)
		if err != nil {
			return err
		}
		r.fresh[key] = string(kept)
	}
	if r.lineStates == nil {
		r.lineStates = map[string]lineState{}
	}
	r.lineStates[s.Name] = l
	r.tell("strange", s.Name, "", time.Time{}, r.neverUnderstood(s) || l.lost() || l.Mostly,
		func() msg.Text { return r.strange(s, l, r.now) },
		func() msg.Text {
			return headed(s.Name+" brings lines that I understand again", ": "+r.lastBan(s, r.now))
		})
	r.tell("muted", s.Name, "", time.Time{}, muted(s),
		func() msg.Text {
			return append(headed(s.Name+" logs no bans", ": its Fail2Ban writes warnings and errors only. On "+s.Name+
				": set loglevel = INFO in the [DEFAULT] section of /etc/fail2ban/fail2ban.local, and "),
				advised("now", "fail2ban-client set loglevel INFO")...)
		},
		func() msg.Text { return headed(s.Name+" logs more than warnings", ": "+r.lastBan(s, r.now)) })
	return nil
}

// strange says what a source brings that is not understood, and what to do about it.
func (h *Health) strange(s store.SourceStatus, l lineState, now time.Time) msg.Text {
	if understood, _ := countUnderstood(s); understood == 0 && s.Rejects == 0 {
		return append(headed(s.Name+" brings no line of Fail2Ban", " among "+plural(l.Seen, "line")+
			". Is it the right file? "), advised("On "+s.Name, "fail2ban-client get logtarget")...)
	}
	what := "more rejects than bans"
	switch {
	case h.neverUnderstood(s):
		what = plural(l.Seen, "line") + " so far"
	case l.lost():
		what = plural(l.Seen-l.Strange, "line") + " in a row since " + h.Words.moment(time.Unix(l.Began, 0), now)
	}
	return append(headed(s.Name+" brings lines that I do not understand", ": "+what+h.Words.rejects(s)+", "+
		h.lastBan(s, now)+". "), advised("To see what is wrong", "friendlyfire check")...)
}

// muted reports whether the log shows that Fail2Ban writes only what is worse than a ban. It would not say that an
// address is already banned if it had not banned it; and where bans are logged, so are starts, failures and unbans.
func muted(s store.SourceStatus) bool {
	if s.Bans+s.Rejects > 0 {
		return false
	}
	for kind := range s.Others {
		switch kind {
		case store.AlreadyBanned, store.OtherFail2Ban, store.OtherProgram, store.Continued, store.BlankLine:
		default:
			return false
		}
	}
	again := s.Others[store.AlreadyBanned]
	return again > 0 && again+s.Others[store.OtherFail2Ban] >= strangeFew
}

// sinceTold returns when the chats were told of what lasts, as its state in the store says; zero: it does not.
func sinceTold(kept string) (time.Time, error) {
	if kept == "" {
		return time.Time{}, nil
	}
	kept, _, _ = strings.Cut(kept, " ")
	return time.Parse(time.RFC3339, kept)
}

// sourceTells are the kinds of trouble of a source that are told, as the keys name them, with what a list says of each.
var sourceTells = []struct{ kind, says string }{
	{"strange", "brings lines that I do not understand"},
	{"muted", "logs no bans"},
	{"bans", "has had no ban for longer than usual"},
	{"zone", "is in another time zone"},
}
