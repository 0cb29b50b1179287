package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// Digester posts one digest a day to each chat, about the day before, even if that was quiet, and on Monday a
// card of the week before.
type Digester struct {
	Store    *store.Store
	Chats    []store.Chat
	Reporter *Reporter
	Hour     int // of the local clock
	Minute   int
	Health   *Health
	Next     func() // called when notices were posted

	quiet bool // in the chat where it is shown only alerts ring
}

// digests begins the keys of the notices of digests.
const digests = "digest/"

// Step posts today's digest if its time has come and it has not been posted yet. A digest that was missed while the
// program did not run is made up for; one from before the database was created is not.
func (d *Digester) Step(ctx context.Context) error {
	now := time.Now().In(d.Reporter.Words.Zone)
	at := time.Date(now.Year(), now.Month(), now.Day(), d.Hour, d.Minute, 0, 0, now.Location())
	if now.Before(at) {
		return nil
	}
	created, err := d.Store.CreatedAt(ctx)
	if err != nil || at.Before(created) {
		return err
	}
	key := digests + now.Format(time.DateOnly)
	if d.Health.Clock.Settled() {
		if err := d.Store.PutAsideAfter(ctx, digests, key); err != nil {
			return fmt.Errorf("digest: %w", err)
		}
	}
	var missing []store.Chat
	for _, chat := range d.Chats {
		posted, err := d.Store.Posted(ctx, key, chat)
		if err != nil {
			return fmt.Errorf("digest: %w", err)
		}
		if !posted {
			missing = append(missing, chat)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	bodies, err := d.Compose(ctx, now)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	var all []store.Notice
	for i, body := range bodies {
		k := key
		if i > 0 {
			k = fmt.Sprintf("%s/%d", key, i+1)
		}
		all = append(all, notices(missing, k, body, now)...)
	}
	card, err := d.weekNotices(ctx, missing, key, now)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	all = append(all, card...)
	if _, err := d.Store.Post(ctx, all...); err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	d.Next()
	return nil
}

// listed is how many groups of friendly bans the first message of a digest lists, more how many each of those that
// follow does.
// Even with the longest names, they fit into one message of any platform; where more fits, a deliverer joins messages.
const listed, more = 5, 10

// inDigest is the verdict on the latest ban of an address, in a list. Of several addresses it would be that on one.
func inDigest(f *friendGroup, who evidence.Who) string {
	switch {
	case len(f.addresses) > 1:
		return ""
	case who == evidence.Person:
		return ": probably a person"
	case who == evidence.Attacker:
		return ": probably an attacker"
	case f.latest.Matches != "":
		return ": unclear"
	}
	return ""
}

// named are the lines of the first groups, with the verdict on each. It recalls what is known of the others, too.
func (d *Digester) named(ctx context.Context, groups []*friendGroup, most int) (all []msg.Text, err error) {
	w := d.Reporter.Words
	for i, f := range groups {
		if err := w.recall(ctx, d.Store, &f.latest); err != nil {
			return nil, err
		}
		if i >= most {
			continue
		}
		who, err := d.Reporter.judge().verdict(ctx, f.latest)
		if err != nil {
			return nil, err
		}
		all = append(all, append(w.groupLine(f, msg.ClockForm), plain(inDigest(f, who.Who))...))
	}
	return all, nil
}

// Compose says what happened on the day before now. The first message carries the chart of countries.
func (d *Digester) Compose(ctx context.Context, now time.Time) ([]Body, error) {
	return d.compose(ctx, now, now)
}

// compose is Compose on the day before a moment of today, as things are now.
func (d *Digester) compose(ctx context.Context, today, now time.Time) ([]Body, error) {
	w := d.Reporter.Words
	today = today.In(w.Zone)
	day := func(back int) time.Time {
		return time.Date(today.Year(), today.Month(), today.Day()-back, 0, 0, 0, 0, w.Zone)
	}
	chart := Chart{By: "country", From: day(1), To: day(0)}
	rep, err := d.Reporter.count(ctx, chart)
	if err != nil {
		return nil, err
	}
	window := rep.Window
	friends, err := d.Store.FriendlyBans(ctx, window, friendsGrouped, 0)
	if err != nil {
		return nil, err
	}
	history, err := d.Store.Totals(ctx, store.Window{From: day(1 + pastWeek), To: day(1)})
	if err != nil {
		return nil, err
	}
	acts, err := d.Store.ActsDone(ctx, window)
	if err != nil {
		return nil, err
	}

	date := window.From.Format(msg.DayForm)
	warning := rep.Total == 0 && history.Bans >= unusual*pastWeek
	looks, err := d.Reporter.judge().looks(ctx, window)
	if err != nil {
		return nil, err
	}
	groups := w.groupFriends(friends, listed)
	named, err := d.named(ctx, groups, listed)
	if err != nil {
		return nil, err
	}
	t := lines(append([]msg.Text{digestHead(date, rep, history, groups, warning)}, named...)...)
	if len(groups) < len(friends) {
		t = lines(t, plain(looks))
	}
	if n := len(groups) - listed; n > 0 {
		t = append(t, msg.Run{Text: "\n… and " + number(n) + " more below"})
	}
	bans, err := d.ofBans(ctx, day, rep)
	if err != nil {
		return nil, err
	}
	state, err := d.state(ctx, now, warning)
	if err != nil {
		return nil, err
	}
	t = lines(t, plain(bans), actsInDigest(acts), state)

	known, err := d.Health.sourceTroubles(ctx, now) // which rang when they began
	if err != nil {
		return nil, err
	}
	bodies := []Body{{Text: t, Silent: !warning || len(known) > 0, Buttons: digestButtons(rep, warning, d.quiet)}}
	if rep.drawable {
		bodies[0].Chart = &chart
	}
	for rest := groups[min(listed, len(groups)):]; len(rest) > 0; {
		n := min(more, len(rest))
		page := msg.Text{{Text: "Friendly bans of " + date + ", continued", Style: msg.Bold}}
		for _, f := range rest[:n] {
			page = lines(page, w.groupLine(f, msg.ClockForm))
		}
		bodies, rest = append(bodies, Body{Text: page, Silent: true}), rest[n:]
	}
	return bodies, nil
}

// A day without bans is a warning where that many a day were usual in the week before.
const unusual, pastWeek = 3, 7

// perDay is a week's number for one of its days, rounded.
func perDay(ofWeek int64) int64 { return (ofWeek + pastWeek/2) / pastWeek }

// top names the first rows with their counts: "China 50, Unknown 3, 7 others 12".
func top(rows []Row, n int) string {
	s := first(rows, n, withBans)
	if len(rows) > n {
		var rest int64
		for _, row := range rows[n:] {
			rest += row.Bans
		}
		s += ", " + plural(len(rows)-n, "other") + " " + number(rest)
	}
	return s
}

// inDigest is "Stricter than usual: sshd, 4 of 212 bans hit friends, 1.9%, usually 1 of 200 (0.5%)".
func (r rise) inDigest() string {
	when := ""
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	s := fmt.Sprintf("Stricter than usual: %s, %s, %s, usually %s", r.now.Jail, r.hit(when),
		percent(r.now.Friendly, r.now.Bans), usual(r.past))
	if r.past.Friendly > 0 {
		s += " (" + percent(r.past.Friendly, r.past.Bans) + ")"
	}
	return s
}

// risesListed is how many jails a digest names, at most.
const risesListed = 3

// stricter are the digest's sentences on rises, and on what was followed by them, each after a line break. day(n) is
// the midnight n days before the digest's.
func (d *Digester) stricter(ctx context.Context, day func(back int) time.Time) (lines string, err error) {
	rises, err := new(riseTracker).rises(ctx, d.Store, day)
	if err != nil || len(rises) == 0 {
		return "", err
	}
	why, err := causes(ctx, d.Store, day(0))
	for _, r := range rises[:min(risesListed, len(rises))] {
		lines += "\n" + r.inDigest()
		if c, ok := why[r.now.Jail]; ok {
			lines += "\n" + d.Reporter.Words.cause(c)
		}
	}
	if n := len(rises) - risesListed; n > 0 {
		lines += "\n… and " + plural(n, "other jail") + ": /report strict 24h"
	}
	return lines, err
}
