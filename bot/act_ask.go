package bot

import (
	"context"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// askAct asks whether to act on a ban: "unban 17", "trust 17", "untrust 17", "storm 17", "people 17".
func (c *Commands) askAct(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	if len(args) != 2 {
		return m, usageError("That button names no ban.")
	}
	if args[0] == storm || args[0] == people {
		return c.askStorm(ctx, args[0], args[1], r)
	}
	g, text, err := c.alertOf(ctx, args[1])
	if err != nil {
		return m, err
	}
	if !c.Acting.able(g.Ban) {
		return m, usageError("I cannot act there: my configuration names no helper for " + g.Source + ".")
	}
	var acts []store.Act
	switch args[0] {
	case "trust":
		acts = append(acts, store.Act{Verb: "trust", Source: g.Source, Address: g.Address, For: usualTrust})
		if g.InForce(time.Now()) {
			acts = append(acts, unbanOf(g.Ban))
		}
	case "untrust":
		acts = append(acts, store.Act{Verb: "untrust", Source: g.Source, Address: g.Address})
	case "unban":
		acts = append(acts, unbanOf(g.Ban))
	default:
		return m, usageError("That button names nothing that I can do.")
	}
	for i := range acts {
		acts[i].Ban = g.ID
	}
	m, err = c.ask(ctx, acts, r, " "+args[1])
	m.Text = append(append(text, msg.Run{Text: "\n\n"}), m.Text...)
	return m, err
}

func unbanOf(b store.Ban) store.Act {
	return store.Act{Verb: "unban", Source: b.Source, Jail: b.Jail, Address: b.Address, Ban: b.ID}
}

// ask keeps the acts of a question, and asks it. rest stands behind the question's name in its buttons.
func (c *Commands) ask(ctx context.Context, acts []store.Act, r msg.Request, rest string) (msg.Message, error) {
	token, now := newToken(), time.Now()
	for i := range acts {
		a := &acts[i]
		a.Token, a.AskedAt, a.User, a.Name = token, now, r.User, r.Name
		a.Chat = store.Chat{Platform: r.Platform, ID: r.Chat}
		if _, err := request(*a); err != nil {
			return msg.Message{}, usageError("The helper would not do that: " + err.Error() + ".")
		}
	}
	label := "Yes, " + acts[0].Verb
	if len(acts) > 1 && acts[0].Verb == "unban" {
		label += " " + number(len(acts))
	}
	m := msg.Message{Text: c.Reporter.Words.question(acts, token), Buttons: [][]msg.Button{{
		{Label: label, Command: "/" + yesToActs + " " + token + rest},
		{Label: "No", Command: "/" + noToActs + " " + token + rest},
	}}}
	if c.Acting.needsCode(acts) {
		m.Text[len(m.Text)-1].Text += " CODE"
		m.Text = append(m.Text, msg.Run{Text: ", with the six digits of your app"})
		m.Buttons = [][]msg.Button{m.Buttons[0][1:]}
	}
	return m, c.Store.AskActs(ctx, acts...)
}
