package bot

import (
	"context"
	"slices"
	"unicode/utf8"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// The questions of askAct about all bans that a message tells of, and about those of the people among them.
const storm, people = "storm", "people"

// stormActs is how many bans of a storm are lifted by one question: as many as the helper does in an hour.
const stormActs = 30

// buttonsOfAll are the buttons below a message that tells of several bans: to lift those of its people, or all, as long
// as any can be lifted, and to more of them. What is asked then names whose bans these are. unseen is how many more
// bans nobody has looked at.
func (a *Acting) buttonsOfAll(ctx context.Context, told []Told, unseen int) ([][]msg.Button, error) {
	more := banButton("More", moreOfBan+" "+storm, told[0].name())
	if a == nil {
		return more, nil
	}
	persons := personsOf(told)
	var open, ofPeople []Told
	seen := map[Told]bool{}
	for _, one := range told {
		at := Told{Source: one.Source, Jail: one.Jail, Address: one.Address}
		if seen[at] {
			continue
		}
		switch _, can, err := a.liftable(ctx, one.ID); {
		case err != nil:
			return more, err
		case can:
			seen[at] = true
			open = append(open, one)
			if persons[one.Address] {
				ofPeople = append(ofPeople, one)
			}
		}
	}
	if len(open) == 0 {
		return more, nil
	}
	var lift []msg.Button
	ask := func(label, whose string) {
		lift = append(lift, banButton("Unban "+label, askAct+" "+whose, told[0].name())[0]...)
	}
	if n := len(ofPeople); n > 0 && n < len(open)+unseen {
		ask(peopleLabel(ofPeople), people)
	}
	switch n := len(open); {
	case unseen > 0:
		ask("all", storm)
	case n == 1:
		ask(open[0].Address, storm)
	default:
		ask("all "+number(n), storm)
	}
	return append([][]msg.Button{lift}, more...), nil
}

// allLifted reports whether none of these bans can be lifted any more, since somebody has lifted them by the buttons.
func (a *Acting) allLifted(ctx context.Context, told []Told) (bool, error) {
	if a == nil {
		return false, nil
	}
	lifted := false
	for _, one := range told {
		g, can, err := a.liftable(ctx, one.ID)
		if err != nil || can {
			return false, err
		}
		acts, err := a.Store.ActsOfBan(ctx, g.ID)
		if err != nil {
			return false, err
		}
		lifted = lifted || slices.ContainsFunc(acts, hasLifted)
	}
	return lifted, nil
}

// peopleLabel is "2 people", or the name of the only one, if a button has room for it.
func peopleLabel(people []Told) string {
	const room = 20
	switch name := people[0].User; {
	case len(people) > 1:
		return number(len(people)) + " people"
	case name != "" && utf8.RuneCountInString(name) <= room:
		return name
	}
	return "1 person"
}

// personsOf are the addresses of those who are probably people, by the latest of their bans.
func personsOf(told []Told) map[string]bool {
	persons := map[string]bool{}
	for _, one := range told {
		persons[one.Address] = one.Who == evidence.Person
	}
	return persons
}

// toldIn are the bans that the notices of a message tell of.
func toldIn(notices []store.Notice) (told []Told) {
	for _, n := range notices {
		if b := bodyOf(n); b.Ban != nil {
			told = append(told, *b.Ban)
		}
	}
	return told
}

// askStorm asks whether to lift all bans that a message tells of, or those of its people.
func (c *Commands) askStorm(ctx context.Context, whose, word string, r msg.Request) (m msg.Message, err error) {
	id, ok, err := c.banID(ctx, word)
	switch {
	case err != nil:
		return m, err
	case !ok && c.tooOld(word):
		return m, errAlone
	case !ok:
		return m, usageError("That button names no ban.")
	}
	home, _ := homeOf(c.Acting.Chats, store.Chat{Platform: r.Platform, ID: r.Chat})
	notices, err := c.Store.InMessage(ctx, id, home)
	if err != nil {
		return m, err
	}
	told := toldIn(notices)
	persons := personsOf(told)
	var acts []store.Act
	seen := map[[3]string]bool{}
	for _, one := range told {
		if whose == people && !persons[one.Address] {
			continue
		}
		g, ok, err := c.Acting.liftable(ctx, one.ID)
		if err != nil {
			return m, err
		}
		at := [3]string{g.Source, g.Jail, g.Address}
		if ok && !seen[at] {
			seen[at] = true
			acts = append(acts, unbanOf(g.Ban))
		}
	}
	if len(acts) == 0 {
		return m, usageError("Of these bans none is left that I can lift.")
	}
	all := len(acts)
	acts = acts[:min(all, stormActs)]
	m, err = c.ask(ctx, acts, r, "")
	if all > len(acts) {
		m.Text = append(plain("Of "+plural(all, "ban")+" I can lift "+number(len(acts))+" in an hour. "), m.Text...)
	}
	m.Aside = true
	return m, err
}
