package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Headline is how every alert begins, and nothing else does: whose address was banned. friend is the friendly country
// that it belongs to, "" if it is in a friendly network; address is as it may be shown.
func Headline(friend store.Country, address string) msg.Text {
	whose := "🤝 Friendly network"
	if friend != "" {
		whose = friend.Flag() + " " + friend.Name()
	}
	return msg.Text{{Text: whose + " banned: "}, {Text: address, Style: msg.Code}}
}

// Alert reports one friendly ban: what a person needs to decide at three in the morning, first things first.
// Verdict is a line on who was probably banned, context one on what else its jail does; nil and "" are none.
func (w Words) Alert(g store.EnrichedBan, verdict msg.Text, context string) msg.Text {
	t := w.opening(g, w.at(g))
	if len(verdict) > 0 {
		t = append(append(t, msg.Run{Text: "\n"}), verdict...)
	}
	if s := punishment(g.Ban); s != "" {
		t = append(t, msg.Run{Text: "\n" + s})
	}
	if g.Network != "" {
		t = append(append(t, msg.Run{Text: "\n"}), w.network(g)...)
	}
	if s := opinions(g); s != "" {
		t = append(t, msg.Run{Text: "\n" + s})
	}
	if g.Before > 0 {
		last := g.LastBefore.In(w.zone(g.Source)).Format("Mon 2 Jan 15:04")
		t = append(t, msg.Run{Text: fmt.Sprintf("\nBanned %s before, last on %s", times(g.Before), last)})
	}
	if context != "" {
		t = append(t, msg.Run{Text: "\n" + context})
	}
	if line := lastLine(g.Matches); line != "" {
		t = append(t, msg.Run{Text: "\nLog: "}, msg.Run{Text: w.foreign(line, g.Address), Style: msg.Code})
	}
	return append(t, w.unban(g.Ban)...)
}

// Brief is the alert cut down to its opening, for when so many wait that only the most important can be said.
func (w Words) Brief(g store.EnrichedBan, now time.Time) msg.Text {
	return w.opening(g, w.moment(g.Time, now))
}

// opening says who was banned, by which rule, and when.
func (w Words) opening(g store.EnrichedBan, when string) msg.Text {
	return append(Headline(w.friend(g), w.address(g.Address)), msg.Run{Text: "\n" + w.where(g.Ban) + ", " + when})
}

// friend is the friendly country of the ban, "" if none makes it friendly.
func (w Words) friend(g store.EnrichedBan) store.Country {
	for _, c := range []store.Country{g.Country, g.Table} {
		if slices.Contains(w.Friends.Countries, c) {
			return c
		}
	}
	return ""
}

// inAlert is "sshd: 4 friends of 212 bans today, usually 1 of 200".
func (r rise) inAlert() string {
	when := " today"
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	return r.now.Jail + ": " + seen(r.now) + when + ", usually " + usual(r.past)
}

func punishment(b store.Ban) string {
	var parts []string
	if b.Failures > 0 {
		parts = append(parts, plural(b.Failures, "failure"))
	}
	switch {
	case b.BanTime < 0:
		parts = append(parts, "banned for ever")
	case b.BanTime > 0:
		parts = append(parts, "banned for "+humanDuration(time.Duration(b.BanTime)*time.Second))
	}
	return strings.Join(parts, ", ")
}

// opinions says what table and whois each hold, when they differ or one is silent.
func opinions(g store.EnrichedBan) string {
	if !g.Public {
		return ""
	}
	whois := g.Whois.Name()
	switch {
	case g.Answered && g.Whois == g.Table:
		return ""
	case !g.Answered && !g.Asked:
		whois = "not asked yet"
	case !g.Answered:
		whois = "no answer yet"
	}
	return "Table: " + g.Table.Name() + "; whois: " + whois
}

// network names the network that whois answered for. Its name is foreign text: in code, no client makes a link of it.
func (w Words) network(g store.EnrichedBan) msg.Text {
	t := msg.Text{{Text: "Network "}, {Text: w.address(g.Network), Style: msg.Code}}
	if g.NetworkName != "" {
		t = append(t, msg.Run{Text: " "}, msg.Run{Text: w.foreign(g.NetworkName, g.Address), Style: msg.Code})
	}
	return t
}

// unban says how to lift the ban on its server. Where addresses are masked, only the server can tell the address.
func (w Words) unban(b store.Ban) msg.Text {
	if !w.Mask {
		return msg.Text{{Text: "\nUnban: "}, {Text: unbanCommand(b), Style: msg.Code}}
	}
	ask := "fail2ban-client banned"
	if b.Jail != "" {
		ask = "fail2ban-client status " + store.ShellQuote(b.Jail)
	}
	return msg.Text{{Text: "\nOn the server, "}, {Text: ask, Style: msg.Code}, {Text: " tells the address"}}
}

func unbanCommand(b store.Ban) string {
	if b.Jail == "" {
		return "fail2ban-client unban " + store.ShellQuote(b.Address)
	}
	return "fail2ban-client set " + store.ShellQuote(b.Jail) + " unbanip " + store.ShellQuote(b.Address)
}

// lastLine is the last of the log lines for which the address was banned.
func lastLine(matches string) string {
	lines := strings.Split(strings.TrimSpace(matches), "\n")
	return store.Clean(lines[len(lines)-1], 300)
}
