package bot

import (
	"cmp"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Words puts facts into sentences.
type Words struct {
	Zone    *time.Location                     // of digests, reports, and sources without a zone of their own
	Zones   map[string]*time.Location          // of sources
	ZoneOf  func(source string) *time.Location // of those that patterns find, nil where it is none; nil: they have that of all
	Friends store.Friends
	Table   string // what the table of countries is called; "": the built-in table
	Shared  bool   // two bots answer in the chats, each with rows of its own
	Mask    bool   // show networks (/24, /48) in place of addresses
}

// headed is a text that begins in bold.
func headed(bold, rest string) msg.Text { return msg.Text{{Text: bold, Style: msg.Bold}, {Text: rest}} }

// where says which rule banned, and on which server. Both names are foreign text: in code, no client makes a link of
// them.
func (w Words) where(b store.Ban) msg.Text {
	on := msg.Text{{Text: " on "}, {Text: b.Source, Style: msg.Code}}
	if b.Jail == "" {
		return append(plain("unnamed jail"), on...)
	}
	return append(msg.Text{{Text: b.Jail, Style: msg.Code}}, on...)
}

func (w Words) zone(source string) *time.Location {
	if w.ZoneOf != nil {
		return cmp.Or(w.Zones[source], w.ZoneOf(source), w.Zone)
	}
	return cmp.Or(w.Zones[source], w.Zone)
}

// FirstHistory summarises the bans that were there before the bot was.
func (w Words) FirstHistory(h store.History, now time.Time) msg.Text {
	head := "Read " + plural(h.Bans, "ban")
	if len(h.Sources) > 1 {
		head += " of " + serverList(h.Sources)
	}
	friendly := "none"
	if h.Friendly > 0 {
		friendly = number(h.Friendly)
	}
	t := headed(head, ", "+w.dates(h.From, h.To, now)+"; "+friendly+" friendly. Alerts begin now.")
	if h.Friendly > 0 {
		t = append(t, msg.Run{Text: " See /friends all."})
	}
	return t
}

// Late summarises bans that came too late to be news, and names these friends among them.
func (w Words) Late(h store.History, friends []store.EnrichedBan, now time.Time) msg.Text {
	if h.Friendly == 0 {
		return headed(plural(h.Bans, "ban")+" came late", ", "+w.dates(h.From, h.To, now)+"; none friendly")
	}
	t := headed(plural(h.Friendly, "friendly ban")+" came late", "")
	if h.Bans > h.Friendly {
		t = append(t, msg.Run{Text: ", of " + number(h.Bans)})
	}
	if len(friends) == 0 {
		return append(t, msg.Run{Text: ", " + w.dates(h.From, h.To, now) + ". See /friends all"})
	}
	t = append(t, msg.Run{Text: ":"})
	before := " "
	if len(friends) > 1 {
		before = "\n"
	}
	for _, g := range friends {
		t = append(append(append(t, msg.Run{Text: before}), w.named(g)...),
			msg.Run{Text: ", " + w.moment(g.Time, now) + " (" + roughly(now.Sub(g.Time)) + " ago)"})
	}
	if n := h.Friendly - len(friends); n > 0 {
		t = append(t, msg.Run{Text: "\n… and " + number(n) + " earlier: /friends all"})
	}
	return t
}

// named is whose address was banned, and by whom: "🇧🇪 198.51.100.7, sshd on web1".
func (w Words) named(g store.EnrichedBan) msg.Text {
	flag, _ := w.friend(g)
	return append(msg.Text{{Text: flag + " "}, {Text: w.address(g.Address), Style: msg.Code}, {Text: ", "}}, w.where(g.Ban)...)
}

// line is a ban in one line of a list.
func (w Words) line(g store.EnrichedBan, now time.Time) msg.Text {
	country := strings.TrimSpace(g.Country.Flag() + " " + string(g.Country))
	return append(msg.Text{
		{Text: msg.Stamp(g.Time.In(w.Zone), now) + "  " + strings.TrimSpace(country+" ")},
		{Text: " "},
		{Text: w.address(g.Address), Style: msg.Code},
		{Text: "  "},
	}, w.where(g.Ban)...)
}

// friends lists whom the configuration calls friendly.
func (w Words) friends() string {
	var names []string
	for _, c := range w.Friends.Countries {
		names = append(names, c.Name())
	}
	for _, n := range w.Friends.Systems {
		names = append(names, n.String())
	}
	if n := len(w.Friends.Networks); n > 0 {
		names = append(names, plural(n, "network"))
	}
	if len(names) > 4 {
		names = append(names[:3:3], number(len(names)-3)+" others")
	}
	return cmp.Or(list(names), "nobody")
}
