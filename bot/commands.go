package bot

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// CommandList describes the commands to platforms that list or check them: with acts, those that act, too.
func CommandList(acts bool) []msg.Command {
	since := msg.Arg{Name: "since", Description: "how far back", Choices: Periods()}
	all := []msg.Command{
		{Name: "report", Description: "Bans as a chart", Args: []msg.Arg{
			{Name: "by", Description: "counted by", Choices: Kinds()},
			since,
			{Name: "as", Description: "in place of a picture", Choices: []string{inText}},
		}},
		{Name: "friends", Description: "Recent bans of friendly countries", Args: []msg.Arg{
			{Name: "since", Description: "how far back, or those banned often", Choices: append(Periods(), "often")},
		}},
		{Name: "ip", Description: "What is known of an address", Args: []msg.Arg{
			{Name: "address", Description: "IPv4 or IPv6", Required: true, Suggested: true},
		}},
		{Name: "tune", Description: "What another maxretry would have done", Args: []msg.Arg{
			{Name: "jail", Description: "the jail, as sshd", Required: true, Suggested: true},
		}},
		{Name: "status", Description: "Is all well?"},
		{Name: "help", Description: "What I can do"},
	}
	if acts {
		all = append(all, actCommands()...)
	}
	return all
}

// Commands answers what people ask.
type Commands struct {
	Store    *store.Store
	Reporter *Reporter
	Chats    []store.Chat
	Health   *Health
	Tuner    *Tuner                      // nil: there is no log to read
	Acting   *Acting                     // nil: nobody can act
	Sender   func(store.Chat) msg.Sender // what reaches a chat; nil: no message is known
	Log      *slog.Logger

	mu    sync.Mutex
	drawn map[string]drawing
}

// drawing is a report that has just been drawn.
type drawing struct {
	message msg.Message
	at      time.Time
}

// Answer carries out one command. It never fails: if something goes wrong, the answer says so.
func (c *Commands) Answer(ctx context.Context, r msg.Request) msg.Message {
	command, args := "", strings.Fields(r.Text)
	if len(args) > 0 {
		command, args = strings.ToLower(strings.TrimPrefix(args[0], "/")), args[1:]
	}
	m, err := c.carryOut(ctx, command, args, r)
	m.Silent = true                        // whoever asks is looking
	if usage, ok := err.(usageError); ok { //nolint:errorlint // made here, never wrapped
		return msg.Message{Text: msg.Text{{Text: string(usage)}}, Silent: true, Aside: true}
	}
	if err != nil && ctx.Err() != nil {
		return msg.Message{Text: plain("I was stopped over that. Ask again in a while."), Silent: true, Aside: true}
	}
	if err != nil {
		c.Log.Error("command failed", "command", command, "error", err)
		const sorry = "That did not work: something is wrong with my database. The log says what."
		return msg.Message{Text: msg.Text{{Text: sorry}}, Silent: true, Aside: true}
	}
	return m
}

// carryOut carries out one command. Its error is a usageError, or of the database.
func (c *Commands) carryOut(
	ctx context.Context, command string, args []string, r msg.Request,
) (m msg.Message, err error) {
	if m, known, err := c.act(ctx, command, args, r); known {
		return m, err
	}
	switch command {
	case "report", "reports":
		m, err = c.report(ctx, args, r.Platform, cmp.Or(r.Width, phone))
	case "friends", "friend":
		m, err = c.friends(ctx, args)
	case "ip":
		m, err = c.ip(ctx, args, r.Platform, cmp.Or(r.Width, phone))
	case moreOfBan, lessOfBan:
		m, err = c.ban(ctx, args, command == moreOfBan, r)
	case dayView:
		m, err = c.day(ctx, args, r, cmp.Or(r.Width, phone))
	case "tune":
		m, err = c.tune(ctx, args, r)
	case "status":
		m, err = c.status(ctx)
	case "help", "start", "":
		m = msg.Message{Text: c.help()}
	default:
		m = msg.Message{Text: append(plain(c.unknownCommand(command)+"\n\n"), c.help()...), Aside: true}
	}
	return m, err
}

func (c *Commands) unknownCommand(typed string) string {
	var names []string
	for _, c := range CommandList(c.Acting != nil) {
		names = append(names, "/"+c.Name)
	}
	return "I do not know that command." + DidYouMean("/"+typed, names)
}

// Suggest returns up to 20 addresses that begin with what has been typed behind a command, "/ip 198.": friends first,
// then all others, the latest banned before earlier ones; or jails for "/tune JAIL".
func (c *Commands) Suggest(ctx context.Context, r msg.Request) []string {
	const most, newest = 20, 500
	command, typed, _ := strings.Cut(r.Text, " ")
	typed = strings.TrimSpace(typed)
	if command == "/tune" {
		return c.suggestJails(ctx, typed, most)
	}
	if c.Reporter.Words.Mask {
		return nil
	}
	friends, err := c.Store.FriendlyBans(ctx, store.Window{}, newest, 0)
	if err != nil {
		c.Log.Error("no suggestions", "error", err)
		return nil
	}
	latest, err := c.Store.LatestBans(ctx, newest)
	if err != nil {
		c.Log.Error("no suggestions", "error", err)
		return nil
	}
	var all []string
	for _, g := range append(friends, latest...) {
		if len(all) < most && strings.HasPrefix(g.Address, typed) && !slices.Contains(all, g.Address) {
			if _, err := netip.ParseAddr(g.Address); err == nil {
				all = append(all, g.Address)
			}
		}
	}
	return all
}

// usageError says what is wrong with a command, in words for whoever typed it.
type usageError string

func (e usageError) Error() string { return string(e) }

func (c *Commands) help() msg.Text {
	t := msg.Text{
		{Text: "I tell you when Fail2Ban bans somebody it should not. You can ask:\n"},
		{Text: "/report", Style: msg.Bold},
		{Text: ": bans as a chart. Add what to count by (" + strings.Join(Kinds(), ", ") + ") and how far back (" +
			strings.Join(periods, ", ") + "), and “text” for a text chart\n"},
		{Text: "/friends", Style: msg.Bold},
		{Text: ": bans of friendly countries. Add how far back, often for those banned again and again, and the number of a page\n"},
		{Text: "/ip", Style: msg.Bold},
		{Text: " ADDRESS: what is known of an address\n"},
		{Text: "/tune", Style: msg.Bold},
		{Text: " JAIL: what another maxretry would have done\n"},
		{Text: "/status", Style: msg.Bold},
		{Text: ": is all well?"},
	}
	if c.Acting != nil {
		t = append(t, actHelp()...)
	}
	return t
}

// inText asks for a report without a picture.
const inText = "text"

// asked are the words of a command, which come in any order.
type asked struct {
	by, since string
	text      bool // no picture
}

// read takes over the words that were typed: periods, and for a report kinds and “text”.
func (a *asked) read(args []string, report bool) error {
	for i, arg := range args {
		if since, ok := Meant(arg, periods); ok {
			a.since = since
			continue
		}
		if by, ok := Meant(arg, Kinds()); ok && report {
			a.by = by
			continue
		}
		if report && strings.EqualFold(arg, inText) {
			a.text = true
			continue
		}
		known, want := slices.Clone(periods), strings.Join(periods, ", ")
		if report {
			known, want = append(append(known, Kinds()...), inText), strings.Join(Kinds(), ", ")+", and "+want
		}
		meant := DidYouMean(arg, known)
		if country := aCountry(args[i:]); country != "" && meant == "" {
			return usageError(fmt.Sprintf("I do not know “%s”. %s", store.Clean(strings.Join(args[i:], " "), 40), country))
		}
		return usageError(fmt.Sprintf("I do not know “%s”.%s I know %s.", store.Clean(arg, 40), meant, want))
	}
	return nil
}

// phone is how many characters of a monospaced block fit side by side on a phone.
const phone = 38

// fresh is how long a report that was drawn also answers those who ask for the same again.
const fresh = 10 * time.Second

func (c *Commands) report(ctx context.Context, args []string, platform string, width int) (msg.Message, error) {
	a := asked{by: "country", since: "all"}
	if err := a.read(args, true); err != nil {
		return msg.Message{}, err
	}
	m, err := c.draw(ctx, a.by, a.since, platform, width)
	if a.text {
		m = m.WithoutPhoto()
		m.Fallback = ""
	}
	return m, err
}

// draw counts and draws a report.
func (c *Commands) draw(ctx context.Context, by, since, platform string, width int) (msg.Message, error) {
	// One at a time: whoever asks in the meantime gets what was drawn for the first.
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprint(platform, " ", by, " ", since, " ", width)
	if d, ok := c.drawn[key]; ok && time.Since(d.at) < fresh {
		return d.message, nil
	}
	rep, err := c.Reporter.Report(ctx, by, since, time.Now())
	if err != nil {
		return msg.Message{}, err
	}
	m := msg.Message{Text: c.Reporter.Caption(rep), Buttons: buttons(by, since)}
	if rep.drawable {
		picture := c.Reporter.For(platform).Picture(rep)
		if m.Photo, err = picture.PNG(); err != nil {
			c.Log.Error("chart not drawn", "by", by, "error", err)
		}
		m.Fallback = picture.Text(width)
	}
	if c.drawn == nil {
		c.drawn = map[string]drawing{}
	}
	c.drawn[key] = drawing{message: m, at: time.Now()}
	return m, nil
}

// buttons lead from a report to the other periods of its kind, and to the other kinds. No two buttons ask for the same:
// platforms refuse that.
func buttons(by, since string) [][]msg.Button {
	var byPeriod, byKind []msg.Button
	kind, err := kindOf(by)
	for _, p := range periods {
		if p != since && (err != nil || kind.window == nil) { // a kind with a period of its own has no other
			byPeriod = append(byPeriod, msg.Button{Label: p, Command: "/report " + by + " " + p})
		}
	}
	for _, k := range Kinds() {
		if k != by {
			byKind = append(byKind, msg.Button{Label: k, Command: "/report " + k + " " + since})
		}
	}
	var rows [][]msg.Button
	if len(byPeriod) > 0 {
		rows = append(rows, byPeriod)
	}
	third := (len(byKind) + 2) / 3 // a phone shows three or four beside each other, Discord takes five rows
	return slices.AppendSeq(rows, slices.Chunk(byKind, third))
}
