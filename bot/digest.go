package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Digester posts one digest a day to each chat, about the day before, even if that was quiet.
type Digester struct {
	Store    *store.Store
	Chats    []store.Chat
	Reporter *Reporter
	Hour     int // of the local clock
	Minute   int
	Health   *Health
	Next     func() // called when notices were posted
}

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
	key := "digest/" + now.Format(time.DateOnly)
	if d.Health.Clock.Settled() {
		if err := d.Store.PutAsideAfter(ctx, "digest/", key); err != nil {
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
	if _, err := d.Store.Post(ctx, all...); err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	d.Next()
	return nil
}

// listed is how many friendly bans the first message of a digest lists, more how many each of those that follow does.
// Even with the longest names, they fit into one message of any platform; where more fits, a deliverer joins messages.
const listed, more = 5, 10

// Compose says what happened on the day before now. The first message carries the chart of countries.
func (d *Digester) Compose(ctx context.Context, now time.Time) ([]Body, error) {
	w := d.Reporter.Words
	now = now.In(w.Zone)
	day := func(back int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()-back, 0, 0, 0, 0, w.Zone)
	}
	chart := Chart{By: "country", From: day(1), To: day(0)}
	rep, err := d.Reporter.count(ctx, chart)
	if err != nil {
		return nil, err
	}
	window := rep.Window
	jails, err := d.Store.ByJail(ctx, window, false)
	if err != nil {
		return nil, err
	}
	unknown, err := d.Store.Unknown(ctx, window)
	if err != nil {
		return nil, err
	}
	friends, err := d.Store.FriendlyBans(ctx, window, 500)
	if err != nil {
		return nil, err
	}
	history, err := d.past(ctx, day)
	if err != nil {
		return nil, err
	}
	rises, err := new(riseTracker).rises(ctx, d.Store, day)
	if err != nil {
		return nil, err
	}
	health, err := d.Health.Digest(ctx, now)
	if err != nil {
		return nil, err
	}

	t := headed(window.From.Format("Mon 2 Jan")+": "+plural(rep.Total, "ban"), history)
	if rep.Total > 0 {
		t = append(t, msg.Run{Text: "\nCountries: " + top(rep.Rows, 5)})
		if rows := d.jailRows(jails.Rows); len(rows) > 0 {
			t = append(t, msg.Run{Text: "\nJails: " + top(rows, 8)})
		}
	}
	if unknown > 0 {
		t = append(t, msg.Run{Text: "\nCountry unknown: " + plural(unknown, "address") + "; asked again later"})
	}
	switch {
	case len(friends) > 0:
		t = append(t, msg.Run{Text: "\nFriendly: " + plural(rep.Friendly, "ban") + looks(friends)})
	case rep.Total > 0:
		t = append(t, msg.Run{Text: "\nFriendly: none"})
	}
	if len(rises) > 0 {
		t = append(t, msg.Run{Text: riseLines(rises)})
	}
	for _, g := range friends[:min(listed, len(friends))] {
		t = append(t, append(msg.Text{{Text: "\n"}}, w.line(g, "15:04")...)...)
	}
	if n := len(friends) - listed; n > 0 {
		t = append(t, msg.Run{Text: "\n… and " + number(n) + " more below"})
	}
	if rep.Caveat != "" {
		t = append(t, msg.Run{Text: "\nMind: " + rep.Caveat})
	}
	t = append(t, msg.Run{Text: "\n" + health})

	bodies := []Body{{Text: t}}
	if rep.drawable {
		bodies[0].Chart = &chart
	}
	for rest := friends[min(listed, len(friends)):]; len(rest) > 0; {
		n := min(more, len(rest))
		page := msg.Text{{Text: "Friendly bans of " + window.From.Format("Mon 2 Jan") + ", continued", Style: msg.Bold}}
		for _, g := range rest[:n] {
			page = append(page, append(msg.Text{{Text: "\n"}}, w.line(g, "15:04")...)...)
		}
		bodies, rest = append(bodies, Body{Text: page}), rest[n:]
	}
	return bodies, nil
}

// past says how many bans the day before had, and the seven days before on average.
func (d *Digester) past(ctx context.Context, day func(back int) time.Time) (string, error) {
	before, err := d.Store.Totals(ctx, store.Window{From: day(2), To: day(1)})
	if err != nil {
		return "", err
	}
	week, err := d.Store.Totals(ctx, store.Window{From: day(8), To: day(1)})
	if err != nil || week.Bans == 0 {
		return "", err
	}
	s := fmt.Sprintf(" (the day before %s, 7-day mean %.1f)", number(before.Bans), float64(week.Bans)/7)
	return strings.Replace(s, ".0)", ")", 1), nil
}

func (d *Digester) jailRows(jails []store.Count) (rows []Row) {
	for _, n := range jails {
		if n.Key == "" && len(jails) == 1 {
			return nil // the source names no jails
		}
		rows = append(rows, Row{Name: jailName(n.Key), Bans: n.Bans})
	}
	return rows
}

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

// inDigest is "Stricter than usual: sshd, 4 friends of 212 bans (1.9%), usually 1 of 200 (0.5%)".
func (r rise) inDigest() string {
	when := ""
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	s := fmt.Sprintf("Stricter than usual: %s, %s%s (%s), usually %s", r.now.Jail, seen(r.now), when,
		percent(r.now.Friendly, r.now.Bans), usual(r.past))
	if r.past.Friendly > 0 {
		s += " (" + percent(r.past.Friendly, r.past.Bans) + ")"
	}
	return s
}

// risesListed is how many jails a digest names, at most.
const risesListed = 3

// riseLines are the digest's sentences on rises, a line each.
func riseLines(rises []rise) string {
	var b strings.Builder
	for _, r := range rises[:min(risesListed, len(rises))] {
		b.WriteString("\n" + r.inDigest())
	}
	if n := len(rises) - risesListed; n > 0 {
		b.WriteString("\n… and " + plural(n, "other jail") + ": /report strict 24h")
	}
	return b.String()
}
