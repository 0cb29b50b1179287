package bot

import (
	"context"
	"time"

	"friendlyfire/store"
)

// weekNotices are the card of the last week, for those of the chats that get Monday's digest now. Nobody gets it twice,
// since it is posted together with that digest. A week without bans has no card.
func (d *Digester) weekNotices(ctx context.Context, chats []store.Chat, digest string, now time.Time) ([]store.Notice, error) {
	if now.Weekday() != time.Monday {
		return nil, nil
	}
	card, err := d.Week(ctx, now)
	if err != nil || card.Chart == nil {
		return nil, err
	}
	return notices(chats, digest+"/week", card, now), nil
}

// Week is the card of the last whole week before now. Without bans it has no chart.
func (d *Digester) Week(ctx context.Context, now time.Time) (Body, error) {
	window := lastWeek(now, d.Reporter.Words.Zone)
	chart := Chart{By: "week", Since: "week", From: window.From, To: window.To}
	rep, err := d.Reporter.count(ctx, chart)
	if err != nil {
		return Body{}, err
	}
	body := Body{Text: d.Reporter.Caption(rep), Silent: true}
	if rep.drawable {
		body.Chart = &chart
	}
	return body, nil
}
