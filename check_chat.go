package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// checkPlatform looks at the token and the chats, and posts the test if there is one.
func checkPlatform(ctx context.Context, f *findings, p *program, pf connection, test *testPost) {
	platform := pf.Platform()
	name, err := pf.Me(ctx)
	if err != nil {
		f.wrong(platform, plainly(err), adviceForToken[platform])
		return
	}
	if name != "" {
		f.ok(platform, "known as %s", name)
	}
	if p.obeysNobody(platform) {
		f.note(platform, "nobody may command it", "It obeys the users in the configuration alone, and this adds one: friendlyfire pair "+platform+" --write")
	}
	for _, chat := range p.chats {
		if chat.Platform != platform {
			continue
		}
		title, err := pf.CanPost(ctx, chat.ID)
		if err == nil && test != nil {
			err = test.post(ctx, pf, chat)
			title += "; a test alert and a test picture are there"
		}
		if err != nil {
			f.wrong(chat.String(), plainly(err), adviceForChat[platform])
			continue
		}
		f.ok(chat.String(), "%s", title)
	}
}

// plainly is why a platform says no, without what follows from it for a message: there may be none.
func plainly(err error) error {
	if e, ok := errors.AsType[*msg.NotSentError](err); ok {
		return errors.New(e.Reason)
	}
	return err
}

func (p *program) obeysNobody(platform string) bool {
	switch platform {
	case "telegram":
		return len(p.config.Telegram.Users) == 0
	case "discord":
		return len(p.config.Discord.Users) == 0
	}
	return false
}

// What to do about a platform that does not let the bot in, and about a chat that the bot cannot post to.
var (
	adviceForToken = map[string]string{
		"telegram": "If the token is refused (401), ask @BotFather for a new one: /token. Else let this machine reach [telegram] api.",
		"discord": "If the token is refused (401), get a new one at https://discord.com/developers/applications: Bot, Reset Token.\n" +
			"Else let this machine reach [discord] api.",
	}
	adviceForChat = map[string]string{
		"telegram": "Invite the bot to the chat, as an administrator if it is a channel, and let it send messages and photos.\n" +
			"If the number is wrong, the right one is found by: friendlyfire pair telegram",
		"discord": "Invite the bot to the server, and give it View Channel, Send Messages and Attach Files in the channel.\n" +
			"If the id is wrong, the right one is found by: friendlyfire pair discord",
	}
)

// testPost is what check posts: an alert of a ban that has never been, and a chart of those that have.
type testPost struct{ alert, picture msg.Message }

// newTestPost draws what is in the database or, while there is nothing in it, the sample.
func newTestPost(ctx context.Context, p *program) (*testPost, error) {
	of := "of the bans so far"
	message, total, err := chartMessage(ctx, p)
	if err == nil && total == 0 {
		of = "of the sample that comes with friendlyfire, since there are no bans yet"
		message, err = sampleMessage(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	caption := msg.Text{{Text: "This is a test", Style: msg.Bold}, {Text: " of pictures: a chart " + of + ".\n\n"}}
	message.Text = append(caption, message.Text...)

	ban := store.EnrichedBan{
		Ban:      store.Ban{Source: p.config.Sources[0].Name, Time: time.Now(), Address: "203.0.113.7", Jail: "sshd", Failures: 3, BanTime: 3600},
		Friendly: true, Network: "203.0.113.0/24", NetworkName: "EXAMPLE-NET",
	}
	if len(p.config.Friendly.Countries) > 0 {
		ban.Country = p.config.Friendly.Countries[0]
		ban.Table = ban.Country
	}
	alert := msg.Text{{Text: "This is a test", Style: msg.Bold}, {Text: ", and nobody was banned. An alert looks like this:\n\n"}}
	return &testPost{
		alert:   msg.Message{Text: append(alert, p.words().Alert(ban, "")...)},
		picture: message,
	}, nil
}

// chartMessage is what /report answers, of all time.
func chartMessage(ctx context.Context, p *program) (m msg.Message, total int64, err error) {
	r, err := p.reporter()
	if err != nil {
		return m, 0, err
	}
	rep, err := r.Report(ctx, "country", "all", time.Now())
	if err != nil {
		return m, 0, err
	}
	picture, err := r.Picture(ctx, rep)
	if err != nil {
		return m, 0, err
	}
	png, err := picture.PNG()
	return msg.Message{Text: r.Caption(rep), Photo: png, Fallback: picture.Text(30)}, rep.Total, err
}

// sampleMessage is chartMessage of a database of its own, with the sample in it.
func sampleMessage(ctx context.Context, p *program) (m msg.Message, err error) {
	dir, err := os.MkdirTemp("", "friendlyfire")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its directory for such things
	c := *p.config
	c.Database = filepath.Join(dir, "sample.db")
	source := newSourceConfig()
	source.Name, source.Path, source.Timezone = "sample", filepath.Join(dir, "bans.csv"), c.Timezone
	c.Sources = []SourceConfig{source}
	if err := os.WriteFile(source.Path, sample.Bans, 0o600); err != nil {
		return m, err
	}
	of, err := p.onAnother(ctx, &c)
	if err != nil {
		return m, err
	}
	of.refresh(ctx)
	m, _, err = chartMessage(ctx, of)
	return m, errors.Join(err, of.store.Close())
}

// post sends both messages.
func (t *testPost) post(ctx context.Context, pf connection, chat store.Chat) error {
	if err := pf.Send(ctx, chat.ID, t.alert); err != nil {
		return fmt.Errorf("the test alert did not get there: %w", plainly(err))
	}
	if err := pf.Send(ctx, chat.ID, t.picture); err != nil {
		return fmt.Errorf("the test picture did not get there: %w", plainly(err))
	}
	return nil
}
