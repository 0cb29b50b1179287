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

// testMessages are what check posts: an alert of a ban that never was, and a chart of bans that were.
type testMessages struct{ alert, chart msg.Message }

// newTestMessages draws the bans in the database or, if there are none yet, those of the sample.
func newTestMessages(ctx context.Context, a *app.App) (*testMessages, error) {
	of := "of the bans so far"
	chart, total, err := chartMessage(ctx, a)
	if err == nil && total == 0 {
		of = "of the sample that comes with friendlyfire, since there are no bans yet"
		chart, err = sampleMessage(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	chart.Text = append(thisIsATest(" of pictures: a chart "+of+"."), chart.Text...)

	alert := a.Words().AlertMessage(madeUpBan(ctx, a.Config))
	alert.Text = append(thisIsATest(", and nobody was banned. An alert looks like this:"), alert.Text...)
	return &testMessages{alert: alert, chart: chart}, nil
}

// thisIsATest returns the paragraph that a test message begins with.
func thisIsATest(more string) msg.Text {
	return msg.Text{{Text: "This is a test", Style: msg.Bold}, {Text: more + "\n\n"}}
}

// madeUpBan returns a friendly ban of an address that nobody has: https://www.rfc-editor.org/rfc/rfc5737
func madeUpBan(ctx context.Context, c *config.Config) store.EnrichedBan {
	ban := store.EnrichedBan{
		Ban: store.Ban{
			Source: append(app.SourceNames(ctx, c), c.Sources[0].Name)[0], Time: time.Now(), Address: "203.0.113.7", Jail: "sshd",
			Failures: 3, BanTime: 3600,
		},
		Friendly: true, Network: "203.0.113.0/24", NetworkName: "EXAMPLE-NET",
	}
	if len(c.Friendly.Countries) > 0 {
		ban.Country = c.Friendly.Countries[0]
		ban.Table = ban.Country
	}
	return ban
}

// chartMessage returns the answer to /report about all time, and how many bans it is about.
func chartMessage(ctx context.Context, a *app.App) (m msg.Message, total int64, err error) {
	r, err := a.Reporter()
	if err != nil {
		return m, 0, err
	}
	rep, err := r.Report(ctx, "country", "all", time.Now())
	if err != nil {
		return m, 0, err
	}
	picture := r.Picture(rep)
	png, err := picture.PNG()
	return msg.Message{
		Text: r.Caption(rep), Photo: png, Fallback: picture.Text(30), Kind: msg.Digest, Silent: true,
	}, rep.Total, err
}

// sampleMessage returns chartMessage of a temporary database that holds the sample.
func sampleMessage(ctx context.Context, a *app.App) (m msg.Message, err error) {
	dir, err := os.MkdirTemp("", "friendlyfire")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary files
	c := *a.Config
	c.Database = filepath.Join(dir, "sample.db")
	source := config.NewSource()
	source.Name, source.Path, source.Timezone = "sample", filepath.Join(dir, "bans.csv"), c.Timezone
	c.Sources = []config.Source{source}
	if err := os.WriteFile(source.Path, sample.Bans, 0o600); err != nil {
		return m, err
	}
	temporary, err := a.OnAnother(ctx, &c)
	if err != nil {
		return m, err
	}
	temporary.Refresh(ctx)
	m, _, err = chartMessage(ctx, temporary)
	return m, errors.Join(err, temporary.Store.Close())
}

// patience is how long the messages of a check wait for one chat, all in all, where its platform asks for it.
const patience = 30 * time.Second

// send posts both messages to the chat. say is told of each wait.
func (t *testMessages) send(ctx context.Context, connection msg.Connection, chat store.Chat, say func(string)) error {
	left := patience
	post := func(m msg.Message) error {
		err := connection.Send(ctx, chat.ID, m)
		if moved, ok := errors.AsType[*msg.MovedError](err); ok { // where the bot follows it to
			chat.ID = moved.To
			err = connection.Send(ctx, chat.ID, m)
		}
		for {
			limit, ok := errors.AsType[*msg.RetryAfterError](err)
			if !ok {
				return err
			}
			wait := max(limit.After, time.Second).Round(time.Second)
			if left -= wait; left < 0 {
				return fmt.Errorf("it takes no message for %s: too much was posted before", config.ShortDuration(wait))
			}
			say("takes the next message in " + config.ShortDuration(wait))
			msg.Sleep(ctx, wait)
			err = connection.Send(ctx, chat.ID, m)
		}
	}
	if err := post(t.alert); err != nil {
		return fmt.Errorf("the test alert did not get there: %w", inWords(err))
	}
	if err := post(t.chart); err != nil {
		return fmt.Errorf("the test picture did not get there: %w", inWords(err))
	}
	return nil
}
