package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// Alert reports one friendly ban: what a person needs to decide at three in the morning, first things first. A phone
// shows the first two lines. Verdict is a line on who was probably banned, nil where nobody can say; context is one on
// what else the jail does, "" for none.
func (w Words) Alert(g store.EnrichedBan, verdict msg.Text, context string) msg.Text {
	var unban msg.Text
	if g.InForce(time.Now()) {
		unban = w.unban(g.Ban)
	}
	log := w.log(g.Ban)
	if w.tells(g.Ban, verdict.String()) {
		log = nil // More has it
	}
	said := strings.Contains(verdict.String(), loggedIn+" from") || w.friendByLogin(g)
	return lines(
		w.Headline(g),
		verdict,
		plain(w.loginLine(g, said)),
		w.tried(g.Ban, verdict.String()),
		plain(w.span(g.Ban)+" · "+w.nth(g)),
		w.network(g),
		plain(w.opinions(g)),
		plain(context),
		log,
		unban,
	)
}

// lines puts each text into a line of its own, and leaves out those that are empty.
func lines(texts ...msg.Text) (all msg.Text) {
	for _, t := range texts {
		if len(t) == 0 {
			continue
		}
		if all != nil {
			all = append(all, msg.Run{Text: "\n"})
		}
		all = append(all, t...)
	}
	return all
}

// plain is a text without styles; nil for "".
func plain(s string) msg.Text {
	if s == "" {
		return nil
	}
	return msg.Text{{Text: s}}
}

// Headline is how every alert begins, and nothing else does: who banned whom, and whose address it is.
func (w Words) Headline(g store.EnrichedBan) msg.Text {
	flag, whose := w.friend(g)
	if strings.HasPrefix(whose, loggedIn) {
		whose += " " + gap(g.Time.Sub(g.Logins.Latest().At)) + " ago"
	}
	return append(append(append(plain(flag+" "), w.where(g.Ban)...), msg.Run{Text: " banned "}),
		msg.Run{Text: w.address(g.Address), Style: msg.Code}, msg.Run{Text: " (" + whose + ")"})
}

// friend says what makes the ban friendly: a country, or else a network of the configuration, or else a login.
func (w Words) friend(g store.EnrichedBan) (flag, whose string) {
	for _, c := range []store.Country{g.Country, g.Table} {
		if slices.Contains(w.Friends.Countries, c) {
			return c.Flag(), c.Name()
		}
	}
	if n, ok := w.Friends.Network(g.Address); ok {
		return "🤝", "your " + w.address(n.String())
	}
	if w.Friends.HasASN(g.ASN) {
		return "🤝", "your " + g.ASN.String()
	}
	if w.friendByLogin(g) {
		return "🤝", loginPlace(g, g.Logins.Latest())
	}
	return "🤝", "friendly"
}

// tells reports whether the verdict has all that the log line would say: each name that was tried, and how often.
func (w Words) tells(b store.Ban, verdict string) bool {
	names := triedNames(b.Matches)
	return len(names) > 0 && strings.Contains(verdict, " "+plural(b.Failures, "failure")+" ") && w.allNamed(b, names, verdict)
}

// allNamed reports whether the verdict names each of these users.
func (w Words) allNamed(b store.Ban, names []string, verdict string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !strings.Contains(verdict, w.foreign(name, b.Address)) })
}

// tried says which users were tried, and how often somebody failed; nil where the verdict says it.
func (w Words) tried(b store.Ban, verdict string) msg.Text {
	const most = 8
	names := triedNames(b.Matches)
	if verdict != "" && w.allNamed(b, names, verdict) {
		return nil
	}
	var t msg.Text
	for i, name := range names[:min(most, len(names))] {
		t = append(t,
			msg.Run{Text: map[bool]string{true: "Tried ", false: ", "}[i == 0]},
			msg.Run{Text: w.foreign(name, b.Address), Style: msg.Code})
	}
	if n := len(names) - most; n > 0 {
		t = append(t, msg.Run{Text: " and " + plural(n, "other name")})
	}
	if b.Failures > 0 && verdict == "" {
		if t != nil {
			t = append(t, msg.Run{Text: "; "})
		}
		var e evidence.Evidence
		e.AddPace(b.Failures, b.Pace)
		t = append(t, msg.Run{Text: cmp.Or(e.Pace(), plural(b.Failures, "failure"))})
	}
	return t
}

// span is from when to when an address is banned: "15:04 to 16:04", on the clock of its server. The zone is named where
// it is not the reader's.
func (w Words) span(b store.Ban) string {
	from := b.Time.In(w.zone(b.Source))
	s := from.Format(msg.ClockForm)
	switch until := from.Add(time.Duration(b.BanTime) * time.Second); {
	case b.BanTime < 0:
		s += ", for ever"
	case b.BanTime > 0:
		s += " to " + msg.Clock(until, from)
	}
	return s + w.foreignZone(from)
}

// often is how many bans of an address within store.Lately are worth a remark.
const often = 4

// nth says which ban of its address this is: "3rd ban, the last today 13:40".
func (w Words) nth(g store.EnrichedBan) string {
	if g.Before == 0 {
		return "1st ban here"
	}
	at, last := g.Time.In(w.zone(g.Source)), g.LastBefore.In(w.zone(g.Source))
	when := msg.Clock(last, at)
	if len(when) == len(msg.ClockForm) {
		when = "today " + when
	}
	n, within := g.Before+1, ""
	if g.Lately+1 >= often {
		n, within = g.Lately+1, " in "+roughly(g.Time.Sub(g.LatelySince))
	}
	return ordinal(n) + " ban" + within + ", the last " + when
}

// opinions says what table and whois each hold, where they differ.
func (w Words) opinions(g store.EnrichedBan) string {
	if g.Whois == "" || g.Table == "" || g.Whois == g.Table {
		return ""
	}
	return g.Whois.Name() + " by whois, " + g.Table.Name() + " by " + cmp.Or(w.Table, "the built-in table")
}

// differs is a line that says what whois has found since the alert, nil if it agrees with the table.
func (w Words) differs(g store.EnrichedBan) msg.Text {
	if opinions := w.opinions(g); opinions != "" {
		return msg.Text{{Text: w.address(g.Address), Style: msg.Code}, {Text: ": " + opinions}}
	}
	return nil
}

// network names whose network the address is in: the holder and the number of the autonomous system, or else what whois
// calls the network; and the network that whois answered for. Names are foreign text: in code, no client makes a link
// of them.
func (w Words) network(g store.EnrichedBan) msg.Text {
	name, number := shortHolder(g.Holder), ""
	switch {
	case name != "":
		number = " (" + g.ASN.String() + ")"
	case g.ASN != 0:
		name = g.ASN.String()
	case g.Network != "":
		name = g.NetworkName
	}
	var t msg.Text
	if name != "" {
		t = append(t, msg.Run{Text: w.foreign(name, g.Address), Style: msg.Code})
	}
	if number != "" {
		t = append(t, msg.Run{Text: number})
	}
	if g.Network != "" {
		if t != nil {
			t = append(t, msg.Run{Text: ", "})
		}
		t = append(t, msg.Run{Text: w.address(g.Network), Style: msg.Code})
	}
	return t
}

// networkInFull is network with what whois calls it, where that stands back for the holder.
func (w Words) networkInFull(g store.EnrichedBan) msg.Text {
	t := w.network(g)
	if g.ASN != 0 && g.NetworkName != "" {
		t = append(t, msg.Run{Text: ", "}, msg.Run{Text: w.foreign(g.NetworkName, g.Address), Style: msg.Code})
	}
	return t
}

// fail2banClient is how a command begins that is typed on the server of a ban.
const fail2banClient = "sudo fail2ban-client "

// unban says how to lift the ban on its server. Where addresses are masked, only the server can tell the address.
func (w Words) unban(b store.Ban, more ...string) msg.Text {
	if !w.Mask {
		return msg.Text{{Text: unbanCommand(b, more), Style: msg.Code}}
	}
	ask := fail2banClient + "banned"
	if b.Jail != "" {
		ask = fail2banClient + "status " + store.ShellQuote(b.Jail)
	}
	return msg.Text{{Text: "To see the address, on the server: "}, {Text: ask, Style: msg.Code}}
}

// unbanCommand lifts the ban, and those of more addresses by the same jail.
func unbanCommand(b store.Ban, more []string) string {
	command := fail2banClient + "unban"
	if b.Jail != "" {
		command = fail2banClient + "set " + store.ShellQuote(b.Jail) + " unbanip"
	}
	for _, a := range append([]string{b.Address}, more...) {
		command += " " + store.ShellQuote(a)
	}
	return command
}

// inAlert is "sshd: 4 of 212 bans today hit friends, usually 1 of 200".
func (r rise) inAlert() string {
	when := " today"
	if r.days > 1 {
		when = fmt.Sprintf(" in %d days", r.days)
	}
	return r.now.Jail + ": " + r.hit(when) + ", usually " + usual(r.past)
}
