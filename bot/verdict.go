package bot

import (
	"cmp"
	"slices"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// verdict is the verdict on a ban as a line of its own; nil for a ban without log lines, unless something else tells
// who it was. User names are in code, so that no client makes a link of one.
func (w Words) verdict(b store.Ban, v evidence.Verdict) msg.Text {
	if !tells(b, v) {
		return nil
	}
	rest := strings.Join(v.Reasons, "; ")
	who := v.Who.String()
	bold := strings.TrimSuffix(who, ":")
	t := msg.Text{{Text: bold, Style: msg.Bold}, {Text: who[len(bold):] + " "}}
	names := slices.Clone(v.Names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for rest != "" {
		at, name := len(rest), ""
		for _, n := range names {
			if i := strings.Index(rest, n); i >= 0 && i < at {
				at, name = i, n
			}
		}
		t = append(t, msg.Run{Text: rest[:at]})
		if name != "" {
			t = append(t, msg.Run{Text: w.foreign(name, b.Address), Style: msg.Code})
		}
		rest = rest[at+len(name):]
	}
	return t
}

// inLine is the verdict in a list: ", probably a person"; nothing where it is unclear.
func inLine(v evidence.Verdict) string {
	if v.Who == evidence.Unclear {
		return ""
	}
	return ", " + strings.ToLower(strings.TrimSuffix(v.Who.String(), ":"))
}
