package main

import (
	"context"
	"friendlyfire/bot"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/terminal"
	"friendlyfire/store"
	"path/filepath"
)

// connect makes the platforms that are configured, and the terminal when none is.
func (p *program) connect(answers *bot.Commands, access *bot.Access) error {
	c := p.config
	answer := func(ctx context.Context, r msg.Request) msg.Message {
		defer p.memory.mark()
		return answers.Answer(ctx, r)
	}
	add := func(pf connection, chats, users []string) {
		name := pf.Platform()
		p.platforms = append(p.platforms, pf)
		access.Chats[name], access.Users[name] = chats, users
		for _, id := range chats {
			p.chats = append(p.chats, store.Chat{Platform: name, ID: id})
		}
	}
	if len(c.Telegram.Chats) > 0 {
		t, err := telegram.New(c.Telegram.Token.Reveal(), c.Telegram.API, p.env.client())
		if err != nil {
			return err
		}
		t.Allowed, t.Answer, t.Commands, t.Store, t.Log = access.Allowed, answer, bot.CommandList(), p.store, p.log
		add(t, c.Telegram.Chats, c.Telegram.Users)
	}
	if len(c.Discord.Channels) > 0 {
		d, err := discord.New(c.Discord.Token.Reveal(), c.Discord.API, p.env.Dial)
		if err != nil {
			return err
		}
		d.Allowed, d.Answer, d.Commands, d.Store, d.Log = access.Allowed, answer, bot.CommandList(), p.store, p.log
		d.Guild, d.Suggest = c.Discord.Guild, answers.Suggest
		add(d, c.Discord.Channels, c.Discord.Users)
	}
	if len(p.platforms) == 0 {
		add(&terminal.Terminal{
			In: p.env.In, Out: p.env.Out, Styled: isTerminal(p.env.Out), Picture: filepath.Join(filepath.Dir(c.Database), "report.png"), Answer: answer,
		}, []string{terminal.Chat}, []string{terminal.Chat})
	}
	return nil
}
