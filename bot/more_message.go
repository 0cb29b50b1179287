package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// message is the message of several alerts, that of the ban among them, as it is now; or more of it: log lines, and how
// the bans are lifted by hand.
func (c *Commands) message(ctx context.Context, word string, more bool, r msg.Request) (m msg.Message, err error) {
	const gone = usageError("I do not know that message any more. /friends lists the bans that I know.")
	home, ok := homeOf(c.Chats, store.Chat{Platform: r.Platform, ID: r.Chat})
	id, named, err := c.banID(ctx, word)
	switch {
	case err != nil:
		return m, err
	case !named && c.tooOld(word):
		return m, errAlone
	case !named || !ok || c.Sender == nil:
		return m, gone
	}
	notices, err := c.Store.InMessage(ctx, id, home)
	switch {
	case err != nil:
		return m, err
	case len(toldIn(notices)) == 0:
		return m, gone
	}
	for i := range notices {
		notices[i].Nonce, notices[i].MaybeSent, notices[i].Alone = "", false, false // of how it was sent
	}
	d := &Deliverer{
		Store: c.Store, Words: c.Reporter.Words, Sender: c.Sender(home), Chat: home, Draw: c.Reporter.Draw, Acting: c.Acting,
		Log: c.Log,
	}
	if more {
		m.Text, err = d.moreOf(ctx, notices)
		m.Buttons = banButton("Less", lessOfBan+" "+storm, toldIn(notices)[0].name())
		return m, err
	}
	_, now, err := d.compose(ctx, notices)
	return msg.Message{Text: now.Text, Buttons: now.Buttons}, err
}

// moreOf is what notices say, with log lines and the commands that lift their bans, as far as there is room.
func (d *Deliverer) moreOf(ctx context.Context, notices []store.Notice) (msg.Text, error) {
	parcels, err := d.parcels(ctx, notices, len(notices)+1)
	if err != nil {
		return nil, err
	}
	texts := make([]msg.Text, len(parcels))
	fits := func(i int) func(msg.Text) bool {
		return func(t msg.Text) bool {
			with := slices.Clone(texts)
			with[i] = t
			return d.Sender.Fits(msg.Message{Text: paragraphs(with...)}.AsRepeat())
		}
	}
	for i, p := range parcels {
		p.button = true // without a command
		texts[i] = p.text(d.Words, fits(i))
	}
	for i, p := range parcels {
		logged, err := d.logged(ctx, p)
		if err != nil {
			return nil, err
		}
		p.button = false
		for _, p.evidence = range []msg.Text{logged, nil} {
			text := p.text(d.Words, fits(i))
			if p.storm == nil {
				text = lines(text, p.evidence)
			}
			if fits(i)(text) {
				texts[i] = text
				break
			}
		}
	}
	return paragraphs(texts...), nil
}

// logged are the log lines of the parcel's bans, a line for each, those of people first; nil for an alert that has its
// own.
func (d *Deliverer) logged(ctx context.Context, p *parcel) (msg.Text, error) {
	order := map[evidence.Who]int{evidence.Person: -2, evidence.Attacker: 1}
	told := slices.SortedStableFunc(slices.Values(p.told()), func(a, b Told) int {
		return cmp.Compare(order[a.Who], order[b.Who])
	})
	var all []string
	for _, one := range told {
		g, ok, err := d.Store.Ban(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		line := d.Words.log(g.Ban).String()
		if !ok || line == "" || p.storm == nil && strings.Contains(p.body.Text.String(), line) {
			continue
		}
		line = store.Clean(one.Address+" "+line, lineShown)
		if size(append(all, line)) > evidenceMost {
			break
		}
		all = append(all, line)
	}
	switch {
	case all != nil:
		return msg.Text{{Text: "Log lines of " + plural(len(all), "ban") + ":\n"}, {Text: strings.Join(all, "\n"), Style: msg.Quote}}, nil
	case p.storm != nil:
		return plain("Their log lines are not known."), nil
	}
	return nil, nil
}
