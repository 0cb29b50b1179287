package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// jailPast is what is usual for a jail, and whether the report's period has risen above it.
type jailPast struct {
	usual store.Share
	risen bool
}

// known reports whether the past before a moment is long enough to say what is usual.
func (p jailPast) known(until time.Time) bool {
	return p.usual.Bans > 0 && until.Sub(p.usual.Since) >= leastPast
}

// jailsPast is the detail of the report: the past of its jails, and what the friends whom they banned look like.
type jailsPast struct {
	past   map[string]jailPast
	looks  map[string]look
	dots   friendLooks // what the bans of friends look like, all in one bin
	causes map[string]cause
	marks  map[string]store.Marks // what people said of them
	proven map[string]store.Proof // that a login proves wrong
	told   string                 // the causes in words, each after a line break
	there  []strictServer         // on which a jail is stricter than elsewhere
}

// changeOf is the change of a jail's rule that is worth a word; nil for none.
func changeOf(rep Report, jail string) *Change {
	if c, ok := detail[jailsPast](rep).causes[jail]; ok {
		return c.change()
	}
	return nil
}

// byJailAndPast counts by jail, and compares each jail with its own past. All time has none.
func byJailAndPast(ctx context.Context, r *Reporter, rep *Report) (store.Counts, error) {
	counts, err := byJail(ctx, r, rep)
	if err != nil {
		return counts, err
	}
	d := jailsPast{}
	if d.looks, err = r.judge().lookAlikes(ctx, rep.Window, false); err != nil {
		return counts, err
	}
	if d.dots, err = r.friendLooks(ctx, rep, []store.Bin{{Window: rep.Window}}); err != nil {
		return counts, err
	}
	if d.marks, err = r.Store.MarksByJail(ctx, rep.Window); err != nil {
		return counts, err
	}
	if d.proven, err = r.Store.ProvenWrong(ctx, rep.Window, friendsJudged, bansOfFriends); err != nil {
		return counts, err
	}
	if d.causes, err = causes(ctx, r.Store, rep.Window.To); err != nil {
		return counts, err
	}
	d.told = r.Words.causes(d.causes)
	servers, err := r.Store.SharesByServer(ctx, rep.scope())
	if err != nil {
		return counts, err
	}
	d.there = strictServers(servers)
	rep.detail = d
	if rep.Since == "all" {
		return counts, nil
	}
	now, err := r.Store.Shares(ctx, rep.Window)
	if err != nil {
		return counts, err
	}
	past, err := pastOf(ctx, r.Store, rep.Window.From)
	d.past = make(map[string]jailPast, len(now))
	for jail, share := range now {
		d.past[jail] = jailPast{past[jail], jail != "" && hasRisen(share, past[jail], rep.Window.From)}
	}
	rep.detail = d
	return counts, err
}

// strictChart shows, jail by jail, which part of the bans hit friends, and what part is usual.
func strictChart(r *Reporter, rep Report) Picture {
	d := detail[jailsPast](rep)
	past := d.past
	rows := byShare(rep.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int { // those that have risen first
		return cmp.Compare(risenFirst(past[a.Key]), risenFirst(past[b.Key]))
	})
	c := charts.ShareChart{Theme: r.Theme}
	for _, row := range rows {
		jail := past[row.Key]
		share := charts.Share{
			Label: row.Name, Part: row.Friendly, Whole: row.Bans, Marked: jail.risen, Note: d.lookingLikePeople(row),
		}
		if jail.known(rep.Window.From) {
			share.Low, share.High = usualRange(row.Bans, jail.usual)
		}
		c.Rows = append(c.Rows, share)
	}
	var why []string
	if len(rows) > 0 {
		if first := c.Rows[0]; first.Marked && first.Note != "" {
			why = append(why, percent(rows[0].Friendly, rows[0].Bans)+" of its bans hit friends, "+first.Usual())
			rep.Before = -1 // there is enough to read
		}
		if cause, ok := d.causes[rows[0].Key]; ok {
			why = append(why, r.Words.inPicture(cause))
		}
	}
	c.Head = r.head(rep, why...)
	return c
}

// lookingLikePeople is how many of the jail's bans of friends look like people; "" where nothing is known of any.
func (d jailsPast) lookingLikePeople(row Row) string {
	people := 0
	for _, look := range d.dots.of("", row.Friendly, row.Key) {
		if look == charts.Person {
			people++
		}
	}
	switch {
	case len(d.dots) == 0:
		return ""
	case row.Friendly == 0:
		return "no friends"
	case people == 1:
		return "1 looks like a person"
	}
	return number(people) + " look like people"
}

func risenFirst(p jailPast) int {
	if p.risen {
		return 0
	}
	return 1
}

// findStrict names the jails that are stricter than usual.
func findStrict(rep Report) finding {
	past, risen, usual := detail[jailsPast](rep).past, []string{}, false
	rows := byShare(rep.Rows)
	for _, row := range rows {
		usual = usual || past[row.Key].known(rep.Window.From)
		if past[row.Key].risen {
			risen = append(risen, row.Name)
		}
	}
	switch n := len(risen); {
	case n > 3:
		return finding{sentence: number(n) + " jails are stricter with friends than usual"}
	case n > 1:
		return finding{sentence: list(risen) + " are stricter with friends than usual"}
	case n == 1:
		return finding{sentence: risen[0] + " is stricter with friends than usual"}
	case rep.Friendly == 0:
		return finding{sentence: "None of " + plural(rep.Total, "ban") + " hit friends"}
	case usual:
		return finding{sentence: "No jail is stricter with friends than usual"}
	}
	return finding{sentence: rows[0].Name + " hits friends most: " + percent(rows[0].Friendly, rows[0].Bans) + " of its bans"}
}

// strictest names the jails whose bans hit friends most often, and those that are stricter than usual.
func strictest(rep Report) string {
	if len(rep.Rows) == 0 {
		return ""
	}
	past, risen := detail[jailsPast](rep).past, []string{}
	rows := byShare(rep.Rows)
	for _, row := range rows {
		if jail := past[row.Key]; jail.risen {
			risen = append(risen, fmt.Sprintf("%s (usually %s)", row.Name, usual(jail.usual)))
		}
	}
	hit := slices.DeleteFunc(rows[:min(5, len(rows))], func(row Row) bool { return row.Friendly == 0 })
	s := "\nBans that hit friends: " + cmp.Or(first(hit, 5, friendsOfBans), "none")
	if n := len(risen) - 5; n > 0 {
		risen = append(risen[:5:5], plural(n, "other"))
	}
	if len(risen) > 0 {
		s += "\nStricter than usual: " + list(risen)
	}
	d := detail[jailsPast](rep)
	return s + d.told + stricterThere(d.there) + lookLikePeople(byShare(rep.Rows), d.looks) + provenWrong(byShare(rep.Rows), d.proven) +
		byMarks(byShare(rep.Rows), d.marks)
}

// byMarks is "By your marks, sshd: 22 attackers, 7 people, 2 unsure", of the jails with most marks.
func byMarks(rows []Row, marks map[string]store.Marks) string {
	sum := func(row Row) int { m := marks[row.Key]; return m.Attackers + m.People }
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(sum(b), sum(a)) })
	var parts []string
	for _, row := range rows {
		m := marks[row.Key]
		if sum(row) == 0 || len(parts) == 3 {
			break
		}
		people := strings.Replace(plural(m.People, "person"), "persons", "people", 1)
		part := row.Name + ": " + plural(m.Attackers, "attacker") + ", " + people
		if unsure := int(row.Friendly) - sum(row); unsure > 0 {
			part += ", " + number(unsure) + " unsure"
		}
		parts = append(parts, part)
	}
	if parts == nil {
		return ""
	}
	return "\nBy your marks, " + strings.Join(parts, "; ")
}

// lookLikePeople is "By their log lines, 19 of 31 friends banned by sshd look like people".
func lookLikePeople(rows []Row, looks map[string]look) string {
	var parts []string
	var all look
	for _, row := range rows {
		if l := looks[row.Key]; l.friends > 0 && len(parts) < 3 {
			parts = append(parts, l.of(row.Name))
			all.byLogins = all.byLogins || l.byLogins
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "\n" + all.by() + strings.Join(parts, ", ")
}

func friendsOfBans(row Row) string {
	return fmt.Sprintf("%s %s of %s (%s)",
		row.Name, number(row.Friendly), number(row.Bans), percent(row.Friendly, row.Bans))
}

// byShare orders rows by the part of their bans that hit friends, the greatest first.
func byShare(rows []Row) []Row {
	share := func(r Row) float64 { return float64(r.Friendly) / float64(max(r.Bans, 1)) }
	return slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int { return cmp.Compare(share(b), share(a)) })
}
