package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// checkConnection looks at the token and the chats of a platform, and posts the test if there is one.
func checkConnection(ctx context.Context, f *findings, a *app.App, connection msg.Connection, test *testPost) {
	name := connection.Platform()
	var advice msg.Advice
	platform := app.PlatformNamed(a.Config, name) // nil: the terminal
	if platform != nil {
		advice = platform.Advice()
	}
	self, err := connection.Me(ctx)
	if err != nil {
		f.wrong(name, msg.Cause(err), advice.Token)
		return
	}
	if self != "" {
		f.ok(name, "known as %s", self)
	}
	if platform != nil && len(platform.Users()) == 0 {
		f.note(name, "nobody may command it",
			"It obeys the users in the configuration alone, and this adds one: friendlyfire pair "+name+" --write")
	}
	for _, chat := range a.Chats {
		if chat.Platform != name {
			continue
		}
		title, err := connection.CanPost(ctx, chat.ID)
		if err == nil && test != nil {
			err = test.post(ctx, connection, chat)
			title += "; a test alert and a test picture are there"
		}
		if err != nil {
			f.wrong(chat.String(), msg.Cause(err), advice.Chat)
			continue
		}
		f.ok(chat.String(), "%s", title)
	}
}

// testPost is what check posts: an alert of a ban that has never been, and a chart of those that have.
type testPost struct{ alert, picture msg.Message }

// newTestPost draws what is in the database or, while there is nothing in it, the sample.
func newTestPost(ctx context.Context, p *app.App) (*testPost, error) {
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
		Ban:      store.Ban{Source: p.Config.Sources[0].Name, Time: time.Now(), Address: "203.0.113.7", Jail: "sshd", Failures: 3, BanTime: 3600},
		Friendly: true, Network: "203.0.113.0/24", NetworkName: "EXAMPLE-NET",
	}
	if len(p.Config.Friendly.Countries) > 0 {
		ban.Country = p.Config.Friendly.Countries[0]
		ban.Table = ban.Country
	}
	alert := msg.Text{{Text: "This is a test", Style: msg.Bold}, {Text: ", and nobody was banned. An alert looks like this:\n\n"}}
	return &testPost{
		alert:   msg.Message{Text: append(alert, p.Words().Alert(ban, "")...)},
		picture: message,
	}, nil
}

// chartMessage is what /report answers, of all time.
func chartMessage(ctx context.Context, p *app.App) (m msg.Message, total int64, err error) {
	r, err := p.Reporter()
	if err != nil {
		return m, 0, err
	}
	rep, err := r.Report(ctx, "country", "all", time.Now())
	if err != nil {
		return m, 0, err
	}
	picture := r.Picture(rep)
	png, err := picture.PNG()
	return msg.Message{Text: r.Caption(rep), Photo: png, Fallback: picture.Text(30)}, rep.Total, err
}

// sampleMessage is chartMessage of a database of its own, with the sample in it.
func sampleMessage(ctx context.Context, p *app.App) (m msg.Message, err error) {
	dir, err := os.MkdirTemp("", "friendlyfire")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its directory for such things
	c := *p.Config
	c.Database = filepath.Join(dir, "sample.db")
	source := config.NewSource()
	source.Name, source.Path, source.Timezone = "sample", filepath.Join(dir, "bans.csv"), c.Timezone
	c.Sources = []config.Source{source}
	if err := os.WriteFile(source.Path, sample.Bans, 0o600); err != nil {
		return m, err
	}
	of, err := p.OnAnother(ctx, &c)
	if err != nil {
		return m, err
	}
	of.Refresh(ctx)
	m, _, err = chartMessage(ctx, of)
	return m, errors.Join(err, of.Store.Close())
}

// post sends both messages.
func (t *testPost) post(ctx context.Context, connection msg.Connection, chat store.Chat) error {
	if err := connection.Send(ctx, chat.ID, t.alert); err != nil {
		return fmt.Errorf("the test alert did not get there: %w", msg.Cause(err))
	}
	if err := connection.Send(ctx, chat.ID, t.picture); err != nil {
		return fmt.Errorf("the test picture did not get there: %w", msg.Cause(err))
	}
	return nil
}
