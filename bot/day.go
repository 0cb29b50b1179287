package bot

import (
	"context"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// dayView is the command of the buttons below a digest: "/day 2026-11-27 friends". Nobody need type it, so that no
// platform lists it.
const dayView = "day"

// The views of a day. The digest itself is "".
const (
	picOfDay     = "picture"
	friendsOfDay = "friends"
	statusNow    = "status"
	quietNow     = "quiet"
	ringAgain    = "ring"
)

// dayButton leads to a view of the day.
func dayButton(label string, day time.Time, view string) msg.Button {
	command := "/" + dayView + " " + day.Format(time.DateOnly)
	if view != "" {
		command += " " + view
	}
	return msg.Button{Label: label, Command: command}
}

const pictureLabel = "Picture"

// digestButtons are those below the digest of a day: to its picture and its friends, or on a day that is too quiet, to
// how things are now, and to peace.
func digestButtons(rep Report, warning, quiet bool) [][]msg.Button {
	day, row := rep.Window.From, []msg.Button(nil)
	switch {
	case warning && quiet:
		row = append(row, dayButton("Status", day, statusNow), dayButton("Ring again", day, ringAgain))
	case warning:
		row = append(row, dayButton("Status", day, statusNow), dayButton("Quiet for 1 day", day, quietNow))
	}
	if rep.drawable {
		row = append(row, dayButton(pictureLabel, day, picOfDay))
	}
	if rep.Friendly > 0 {
		row = append(row, dayButton("Friends", day, friendsOfDay))
	}
	if row == nil {
		return nil
	}
	return [][]msg.Button{row}
}

// withoutPicture leaves out the button to a picture that is there.
func withoutPicture(rows [][]msg.Button) (kept [][]msg.Button) {
	for _, row := range rows {
		var some []msg.Button
		for _, b := range row {
			if b.Label != pictureLabel {
				some = append(some, b)
			}
		}
		if some != nil {
			kept = append(kept, some)
		}
	}
	return kept
}

// day shows a view of a day that is over.
func (c *Commands) day(ctx context.Context, args []string, r msg.Request, width int) (m msg.Message, err error) {
	now := time.Now()
	day, view := time.Time{}, ""
	if len(args) > 0 {
		day, err = time.ParseInLocation(time.DateOnly, args[0], c.Reporter.Words.Zone)
	}
	if day.IsZero() || err != nil || day.AddDate(0, 0, 1).After(now) {
		return m, usageError("That button names no day that is over. /report day shows them.")
	}
	if len(args) > 1 {
		view = args[1]
	}
	chat := store.Chat{Platform: r.Platform, ID: r.Chat}
	back := dayButton("Digest", day, "")
	switch view {
	case "":
	case picOfDay:
		return c.dayPicture(ctx, Chart{By: "country", From: day, To: day.AddDate(0, 0, 1)}, back, r.Platform, width)
	case friendsOfDay:
		return c.dayFriends(ctx, Chart{By: "friends", From: day, To: day.AddDate(0, 0, 1)}, back, r.Platform, width)
	case statusNow:
		m, err = c.status(ctx)
		m.Buttons = [][]msg.Button{{back}}
		return m, err
	case quietNow:
		err = setHush(ctx, c.Store, chat, now.Add(hushFor))
	case ringAgain:
		err = setHush(ctx, c.Store, chat, time.Time{})
	default:
		return m, usageError("That button leads nowhere any more.")
	}
	if err != nil {
		return m, err
	}
	return c.dayDigest(ctx, day, chat, width)
}

// dayDigest is the digest of a day, as things are now.
func (c *Commands) dayDigest(ctx context.Context, day time.Time, chat store.Chat, width int) (m msg.Message, err error) {
	now := time.Now()
	until, err := hushed(ctx, c.Store, chat, now)
	if err != nil {
		return m, err
	}
	d := &Digester{Store: c.Store, Reporter: c.Reporter, Health: c.Health, quiet: !until.IsZero()}
	bodies, err := d.compose(ctx, day.AddDate(0, 0, 1), now)
	if err != nil {
		return m, err
	}
	m.Text, m.Buttons = lines(bodies[0].Text, c.Reporter.Words.hush(until, now)), bodies[0].Buttons
	if chart := bodies[0].Chart; chart != nil {
		return c.illustrated(ctx, m, *chart, chat.Platform, width)
	}
	return m, nil
}

// dayPicture is the chart of a day with its caption.
func (c *Commands) dayPicture(
	ctx context.Context, chart Chart, back msg.Button, platform string, width int,
) (m msg.Message, err error) {
	rep, err := c.Reporter.count(ctx, chart)
	if err != nil {
		return m, err
	}
	m.Text, m.Buttons = c.Reporter.Caption(rep), [][]msg.Button{{back}}
	if rep.Friendly > 0 {
		m.Buttons[0] = append(m.Buttons[0], dayButton("Friends", chart.From, friendsOfDay))
	}
	return c.illustrated(ctx, m, chart, platform, width)
}

// dayFriends lists the friends who were banned on a day, with the verdicts on them, below a picture of when that was.
func (c *Commands) dayFriends(
	ctx context.Context, chart Chart, back msg.Button, platform string, width int,
) (m msg.Message, err error) {
	window := store.Window{From: chart.From, To: chart.To}
	bans, err := c.Store.FriendlyBans(ctx, window, friendsGrouped, 0)
	if err != nil {
		return m, err
	}
	d := &Digester{Store: c.Store, Reporter: c.Reporter}
	groups := c.Reporter.Words.groupFriends(bans, friendsListed)
	named, err := d.named(ctx, groups, friendsListed)
	if err != nil {
		return m, err
	}
	head := headed(plural(len(bans), "friendly ban")+" on "+chart.From.Format(msg.DayForm), "")
	m.Text = lines(append([]msg.Text{head}, named...)...)
	if n := len(groups) - friendsListed; n > 0 {
		m.Text = append(m.Text, msg.Run{Text: "\n… and " + number(n) + " more: /friends all"})
	}
	m.Buttons = [][]msg.Button{{back}}
	if len(bans) == 0 {
		return m, nil
	}
	return c.illustrated(ctx, m, chart, platform, width)
}

// illustrated is the message with the picture, if its text fits below that.
func (c *Commands) illustrated(
	ctx context.Context, m msg.Message, chart Chart, platform string, width int,
) (msg.Message, error) {
	rep, err := c.Reporter.count(ctx, chart)
	if err != nil || !rep.drawable || utf8.RuneCountInString(m.Text.String()) > captionMost {
		return m, err
	}
	picture := c.Reporter.For(platform).Picture(rep)
	if m.Photo, err = picture.PNG(); err != nil {
		c.Log.Error("chart not drawn", "by", chart.By, "error", err)
		return m, nil
	}
	m.Fallback, m.Buttons = picture.Text(width), withoutPicture(m.Buttons)
	return m, nil
}
