package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// actWords are what is said of acts, by verb and outcome; "" is one under way.
var actWords = map[string]map[store.ActOutcome]string{
	"unban": {
		"": "Being unbanned", store.ActDone: "Unbanned", store.ActRefused: "Not unbanned",
		store.ActUnclear: "Perhaps unbanned",
	},
	"trust": {
		"": "Being trusted", store.ActDone: "Trusted", store.ActRefused: "Not trusted", store.ActUnclear: "Perhaps trusted",
	},
	"untrust": {
		"": "Trust being ended", store.ActDone: "Trust ended", store.ActRefused: "Trust not ended",
		store.ActUnclear: "Trust perhaps ended",
	},
}

// act says who did what and when, and what Fail2Ban answered: "Unbanned 15:04 by Ann: lifted". The name and the answer
// are foreign text.
func (w Words) act(one store.Act, now time.Time) msg.Text {
	what := actWords[one.Verb][one.Outcome]
	if one.Verb == "trust" && one.Outcome == store.ActDone {
		what += " for " + duration(one.For)
	}
	at := cmp.Or(one.DoneAt, one.TriedAt, one.ConfirmedAt, one.AskedAt)
	t := msg.Text{
		{Text: what + " " + w.moment(at, now) + " by "},
		{Text: cmp.Or(one.Name, one.User), Style: msg.Code},
	}
	if one.Answer != "" {
		t = append(t, msg.Run{Text: ": "}, msg.Run{Text: w.foreign(one.Answer, one.Address), Style: msg.Code})
	}
	return t
}

// duration is "30 days", "12 hours", "90 minutes".
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return plural(int(d/day), "day")
	case d%time.Hour == 0:
		return plural(int(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return plural(int(d/time.Minute), "minute")
	}
	return plural(int(d/time.Second), "second")
}

// object is what an act is about: "198.51.100.7, sshd on web1" or "198.51.100.7 on web1".
func (w Words) object(one store.Act) msg.Text {
	t := msg.Text{{Text: w.address(one.Address), Style: msg.Code}}
	if one.Verb == "unban" {
		return append(append(t, msg.Run{Text: ", "}), w.where(store.Ban{Jail: one.Jail, Source: one.Source})...)
	}
	return append(t, msg.Run{Text: " on "}, msg.Run{Text: one.Source, Style: msg.Code})
}

// actsShown is how many acts are told one by one.
const actsShown = 5

// acts says what has become of the acts of a question. Of many that came to the same, only their number is told.
func (w Words) acts(all []store.Act) msg.Text {
	now := time.Now()
	if len(all) <= actsShown {
		var each []msg.Text
		for _, one := range all {
			each = append(each, append(append(w.object(one), msg.Run{Text: ": "}), w.act(one, now)...))
		}
		return lines(each...)
	}
	type kind struct {
		verb, source, jail, answer string
		outcome                    store.ActOutcome
	}
	counts := map[kind]int{}
	var order []kind
	last := map[kind]store.Act{}
	for _, one := range all {
		k := kind{one.Verb, one.Source, one.Jail, one.Answer, one.Outcome}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
		}
		last[k] = one
	}
	slices.SortStableFunc(order, func(a, b kind) int { return cmp.Compare(counts[b], counts[a]) })
	var each []msg.Text
	for _, k := range order[:min(len(order), actsShown)] {
		head := append(plain(plural(counts[k], "address")+", "), w.where(store.Ban{Jail: k.jail, Source: k.source})...)
		each = append(each, append(append(head, msg.Run{Text: ": "}), w.act(last[k], now)...))
	}
	return lines(each...)
}

// acted is what an alert says of the acts on its ban, and of the mark that it was given.
func (w Words) acted(acts []store.Act, mark *store.Mark) msg.Text {
	now := time.Now()
	var each []msg.Text
	for _, one := range acts[max(0, len(acts)-actsShown):] {
		each = append(each, w.act(one, now))
	}
	if mark != nil {
		whom := map[bool]string{true: "An attacker", false: "A person"}[mark.Attacker]
		each = append(each, msg.Text{{Text: whom + ", says "}, {Text: mark.Name, Style: msg.Code}})
	}
	return lines(each...)
}

// question asks whether acts are to be done, and says how to say yes.
func (w Words) question(acts []store.Act, token string) msg.Text {
	var t msg.Text
	var trusted, unbanned []store.Act
	for _, one := range acts {
		if one.Verb == "unban" {
			unbanned = append(unbanned, one)
		} else {
			trusted = append(trusted, one)
		}
	}
	if len(trusted) > 0 {
		first := trusted[0]
		var on []string
		for _, one := range trusted {
			on = append(on, one.Source)
		}
		t = append(t, msg.Run{Text: map[bool]string{true: "Trust ", false: "Trust no longer "}[first.Verb == "trust"]},
			msg.Run{Text: w.address(first.Address), Style: msg.Code}, msg.Run{Text: " on "},
			msg.Run{Text: strings.Join(on, ", "), Style: msg.Code})
		if first.Verb == "trust" {
			t = append(t, msg.Run{Text: " for " + duration(first.For)})
		}
	}
	switch n := len(unbanned); {
	case n > actsShown:
		t = append(t, msg.Run{Text: "Lift " + plural(n, "ban") + " of "})
		t = append(t, w.wheres(unbanned)...)
	case n > 0:
		t = append(t, msg.Run{Text: map[bool]string{true: ", and lift the ban of ", false: "Lift the ban of "}[t != nil]})
		for i, one := range unbanned {
			if i > 0 {
				t = append(t, msg.Run{Text: "; "})
			}
			t = append(t, w.object(one)...)
		}
	}
	return append(t, msg.Run{Text: "? Within two minutes: "}, msg.Run{Text: "/yes " + token, Style: msg.Code})
}

// wheres is "sshd on web1", or "sshd on web1 (4), postfix on web1 (2)" where the acts are on bans by several.
func (w Words) wheres(acts []store.Act) (t msg.Text) {
	counts := map[store.Ban]int{}
	var order []store.Ban
	for _, one := range acts {
		by := store.Ban{Jail: one.Jail, Source: one.Source}
		if counts[by]++; counts[by] == 1 {
			order = append(order, by)
		}
	}
	if len(order) == 1 {
		return w.where(order[0])
	}
	slices.SortStableFunc(order, func(a, b store.Ban) int { return cmp.Compare(counts[b], counts[a]) })
	for i, by := range order[:min(len(order), actsShown)] {
		if i > 0 {
			t = append(t, msg.Run{Text: ", "})
		}
		t = append(append(t, w.where(by)...), msg.Run{Text: " (" + number(counts[by]) + ")"})
	}
	if rest := len(order) - actsShown; rest > 0 {
		t = append(t, msg.Run{Text: " and " + plural(rest, "other jail")})
	}
	return t
}

// Trusted says whom Fail2Ban ignores because it was asked for here.
func (a *Acting) Trusted(ctx context.Context) (msg.Text, error) {
	const most = 20
	all, err := a.Store.Trusted(ctx, time.Now())
	if err != nil || len(all) == 0 {
		return plain("Nobody is trusted by my doing."), err
	}
	w := a.Words
	each := []msg.Text{plain("Fail2Ban ignores:")}
	for _, one := range all[:min(most, len(all))] {
		until := cmp.Or(one.DoneAt, one.TriedAt).Add(one.For)
		when := " until " + w.moment(until, time.Now()) + ", by "
		each = append(each, append(w.object(one), msg.Run{Text: when}, msg.Run{Text: one.Name, Style: msg.Code}))
	}
	if rest := len(all) - most; rest > 0 {
		each = append(each, plain("… and "+number(rest)+" more"))
	}
	return lines(each...), nil
}

// actsInDigest is "Acts: 3 lifted, 1 trusted; by Ann, Bob"; nil where there was none.
func actsInDigest(acts []store.Act) msg.Text {
	if len(acts) == 0 {
		return nil
	}
	said := map[string]string{"unban": "lifted", "trust": "trusted", "untrust": "trusted no more"}
	counts := map[string]int{}
	unclear := 0
	var names []string
	for _, one := range acts {
		if one.Outcome == store.ActUnclear {
			unclear++
		} else {
			counts[one.Verb]++
		}
		if name := cmp.Or(one.Name, one.User); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var parts []string
	for _, verb := range []string{"unban", "trust", "untrust"} {
		if n := counts[verb]; n > 0 {
			parts = append(parts, number(n)+" "+said[verb])
		}
	}
	if unclear > 0 {
		parts = append(parts, number(unclear)+" may have been")
	}
	return msg.Text{
		{Text: "Acts: " + strings.Join(parts, ", ") + "; by "},
		{Text: strings.Join(names[:min(3, len(names))], ", "), Style: msg.Code},
	}
}
