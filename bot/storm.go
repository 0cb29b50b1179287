package bot

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// Told is what a storm says of one of its bans.
type Told struct {
	ID      int64     `json:"id,omitempty"`  // of the ban
	Ref     string    `json:"ref,omitempty"` // as store.Ban.Ref, where bots share it
	Jail    string    `json:"jail"`
	Source  string    `json:"source"`
	Flag    string    `json:"flag"`
	Whose   string    `json:"whose"`
	Address string    `json:"address"` // as it may be shown
	Time    time.Time `json:"time"`
	Until   time.Time `json:"until,omitzero"`    // when the ban ends; zero: never, or nobody knows
	Context string    `json:"context,omitempty"` // what else the jail does

	Country store.Country `json:"country,omitempty"`
	BanTime int64         `json:"seconds,omitempty"` // as store.Ban.BanTime

	Who  evidence.Who `json:"who,omitempty"`  // who was probably banned; "" or Unclear: nobody can say
	User string       `json:"user,omitempty"` // of a person: a name that was tried

	Holder string `json:"holder,omitempty"` // of the network: "Proximus (AS5432)"
}

// told is what a storm would say of the ban.
func (w Words) told(g store.EnrichedBan, who evidence.Verdict, context string) *Told {
	flag, whose := w.friend(g)
	t := &Told{
		ID: g.ID, Jail: g.Jail, Source: g.Source, Flag: flag, Whose: whose, Address: w.address(g.Address), Time: g.Time,
		Context: context, Who: who.Who, Country: g.Country, BanTime: g.BanTime,
	}
	if w.Shared {
		t.Ref = g.Ref()
	}
	if g.BanTime > 0 {
		t.Until = g.Time.Add(time.Duration(g.BanTime) * time.Second)
	}
	if name := shortHolder(g.Holder); name != "" {
		t.Holder = w.foreign(name, g.Address) + " (" + g.ASN.String() + ")"
	}
	if who.Who == evidence.Person && len(who.Names) > 0 {
		t.User = w.foreign(who.Names[0], g.Address)
	}
	return t
}

// topic is what the bans of a storm have in common.
func (t Told) topic() string { return strings.Join([]string{t.Jail, t.Source, t.Whose}, "\n") }

// text is what the parcel says. Of a storm it names as many addresses as fit: in a list and in the command, or where
// they are too many, in one of them.
func (p *parcel) text(w Words, fits func(msg.Text) bool) msg.Text {
	if p.storm == nil && (p.button || p.body.Ban.over(time.Now())) {
		return withoutUnban(p.body.Text)
	}
	if p.storm == nil {
		return p.body.Text
	}
	addresses := counted(p.storm)
	if all := w.storm(p, addresses, len(addresses), true); p.more == 0 && fits(all) {
		return all
	}
	listed := w.Mask || p.button || len(notOver(p.storm, time.Now())) < len(addresses) // else the command names them
	n := sort.Search(len(addresses), func(n int) bool {
		return !fits(w.storm(p, addresses, n+1, listed))
	})
	return w.storm(p, addresses, n, listed)
}

// addressCount is an address and its number of bans.
type addressCount struct {
	address string
	bans    int
}

// counted returns each address once, in the order of its first ban.
func counted(storm []Told) (all []addressCount) {
	at := map[string]int{}
	for _, b := range storm {
		i, ok := at[b.Address]
		if !ok {
			i, at[b.Address] = len(all), len(all)
			all = append(all, addressCount{address: b.Address})
		}
		all[i].bans++
	}
	return all
}

// storm tells the alerts of one jail, server and country as one. It names the first n addresses, which listed also
// lists before the command; more bans are of addresses that nobody has looked at.
func (w Words) storm(p *parcel, addresses []addressCount, n int, listed bool) msg.Text {
	storm, more, b := p.storm, p.more, p.storm[0]
	first, last := b.Time, b.Time
	for _, b := range storm {
		if b.Time.Before(first) {
			first = b.Time
		}
		if b.Time.After(last) {
			last = b.Time
		}
	}
	head := append(plain(b.Flag+" "), w.where(store.Ban{Jail: b.Jail, Source: b.Source})...)
	size, when := w.stormSize(len(storm)+more, len(addresses), more), w.span(store.Ban{Source: b.Source, Time: first})
	zone := w.zone(b.Source)
	switch from, until := first.In(zone).Format(msg.ClockForm), msg.Clock(last.In(zone), first.In(zone)); {
	case more > 0: // of which nobody knows when they were
		when = "from " + when + " on"
	default:
		size += within(last.Sub(first))
		if until != from {
			when = strings.Replace(when, from, from+" to "+until, 1)
		}
	}
	who := p.whoWasBanned()
	switch {
	case p.usually == "":
	case who == nil:
		when += " · " + p.usually
	default:
		who[1].Text += "; " + p.usually
	}
	moment := plain(when)
	if more == 0 && !w.Mask {
		moment = append(moment, msg.Run{Text: networksOf(addresses)})
		if holder := p.holder(); holder != "" {
			moment = append(moment, msg.Run{Text: " · all "}, msg.Run{Text: holder, Style: msg.Code})
		}
	}
	head = append(head, msg.Run{Text: " banned " + size + " (" + b.Whose + ")"})
	var named, shown []string
	banned := notOver(storm, time.Now())
	for _, a := range addresses[:n] {
		if shown = append(shown, a.address); banned[a.address] {
			named = append(named, a.address)
		}
		if a.bans > 1 {
			shown[len(shown)-1] += " ×" + number(a.bans)
		}
	}
	var list msg.Text
	switch {
	case p.evidence != nil:
		list = p.evidence
	case n > 0 && listed:
		list = msg.Text{{Text: strings.Join(shown, " "), Style: msg.Quote}}
	}
	rest := ""
	if n < len(addresses) || more > 0 {
		unnamed := more
		for _, a := range addresses[n:] {
			unnamed += a.bans
		}
		rest = "… and " + plural(unnamed, "more ban") + ": /friends 24h lists them"
	}
	var unban msg.Text
	switch {
	case p.button:
	case w.Mask && len(banned) > 0:
		unban = w.unban(store.Ban{Jail: b.Jail})
	case !w.Mask && len(named) > 0:
		unban = w.unban(store.Ban{Jail: b.Jail, Address: named[0]}, named[1:]...)
	}
	return lines(head, who, moment, plain(storm[len(storm)-1].Context), list, unban, plain(rest))
}

// holder is whose network all bans of the storm are in; "" if they are of several, or nobody knows.
func (p *parcel) holder() string {
	for _, b := range p.storm {
		if b.Holder != p.storm[0].Holder {
			return ""
		}
	}
	return p.storm[0].Holder
}

// stormSize is "60 friends", or "3 friends 60 times".
func (w Words) stormSize(bans, addresses, more int) string {
	switch {
	case more > 0 || w.Mask:
		return "friends " + number(bans) + " times"
	case bans == addresses:
		return plural(bans, "friend")
	}
	return plural(addresses, "friend") + " " + times(bans)
}

func within(d time.Duration) string {
	if d < time.Second {
		return " at once"
	}
	return " in " + roughly(max(d, time.Minute))
}

// networksOf names the networks (/24, /48) that most addresses are of, with their counts: " · 198.51.100.0/24 60".
func networksOf(addresses []addressCount) string {
	const most = 3
	counts := map[string]int{}
	var order []string
	for _, a := range addresses {
		network, ok := around(a.address)
		if !ok {
			continue
		}
		if counts[network]++; counts[network] == 1 {
			order = append(order, network)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	s, rest := "", len(order)-most
	for _, network := range order[:min(most, len(order))] {
		s += " · " + network + " " + number(counts[network])
	}
	if rest > 0 {
		s += " · " + plural(rest, "other network")
	}
	return s
}
