package bot

import (
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
)

// peopleNamed is how many of a storm's people are named.
const peopleNamed = 5

// whoWasBanned is "Probably 2 people, 17 unclear, 41 attackers", by address and its latest ban, and who those people
// are; nil where all is unclear. Of bans that nobody has looked at it says nothing.
func (p *parcel) whoWasBanned() msg.Text {
	if p.more > 0 {
		return nil
	}
	latest := map[string]Told{}
	for _, b := range p.storm {
		latest[b.Address] = b
	}
	counts := map[evidence.Who]int64{}
	var people []Told
	for _, a := range counted(p.storm) {
		b := latest[a.address]
		switch b.Who {
		case evidence.Person:
			people = append(people, b)
			fallthrough
		case evidence.Attacker:
			counts[b.Who]++
		default:
			counts[evidence.Unclear]++
		}
	}
	if counts[evidence.Person]+counts[evidence.Attacker] == 0 {
		return nil
	}
	who := whoTheyAre(counts[evidence.Person], counts[evidence.Unclear], counts[evidence.Attacker])
	first, rest, more := strings.Cut(who, ", ")
	t := headed("Probably "+first, "")
	if more {
		t[1].Text = ", " + rest
	}
	for i, b := range people[:min(peopleNamed, len(people))] {
		t = append(t, msg.Run{Text: []string{"\nPeople: ", ", "}[min(i, 1)]}, msg.Run{Text: b.Address, Style: msg.Code})
		if b.User != "" {
			t = append(t, msg.Run{Text: " ("}, msg.Run{Text: b.User, Style: msg.Code}, msg.Run{Text: ")"})
		}
	}
	if n := len(people) - peopleNamed; n > 0 {
		t = append(t, msg.Run{Text: " and " + number(n) + " more"})
	}
	return t
}
