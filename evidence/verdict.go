package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is who was probably banned, with the reasons for it, in words.
type Verdict struct {
	Who     Who
	Reasons []string // short, the most important first

	// Names are the user names that stand in the reasons: foreign text, cleaned.
	Names []string
}

// String is the verdict in one line: "Probably a person: only jdupont, who exists; 5 failures in 4 min".
func (v Verdict) String() string { return v.Who.String() + " " + strings.Join(v.Reasons, "; ") }

// Who is the answer of a verdict.
type Who string

// The values are those of the JSON that the program prints.
const (
	Unclear  Who = "unclear"
	Person   Who = "person"
	Attacker Who = "attacker"
)

// String is "Probably a person:", "Probably an attacker:" or "Person or attacker?", before the reasons.
func (w Who) String() string {
	switch w {
	case Person:
		return "Probably a person:"
	case Attacker:
		return "Probably an attacker:"
	}
	return "Person or attacker?"
}

// Network is what kind of network an address is in.
type Network int8

// A network of which nothing is known is neither.
const (
	UnknownNetwork Network = iota
	Access                 // of homes, offices and phones
	Hosting                // of servers
)

// Login is a login that succeeded, from the address or its neighbours.
type Login struct {
	Since   time.Duration // from the login to the ban; negative: it came after the ban
	Near    bool          // not from the address itself, but from its /24 or /64
	Service string        // "" if unknown

	Guessable bool // it came after an earlier ban of the address: its failures may have found the password
}

// Other is a ban of the same address by another jail or server, within a day.
type Other struct {
	Jail, Server string
	Evidence     Evidence
}

// Context is what is known besides the lines. Everything may be left out: what is not known is no sign of anything.
type Context struct {
	Failures int        // as Fail2Ban counted them: the lines may show fewer; 0: not known
	Earlier  []Evidence // of earlier bans of the address, the latest first
	Others   []Other
	Fleet    map[string]int // by name, folded by Fold: how many other addresses were banned for it within a week
	Logins   []Login
	Network  Network
	Bans     int // of the address, this one included; 0: not known
}

// The weights of signs. An answer needs signs of strong in all for it, and less than fair against it.
const (
	weak   = 1
	fair   = 2
	strong = 4
)

// sign is one thing that speaks for an attacker or for a person.
type sign struct {
	weight int
	holds  func(*facts) (reason string, ok bool)
}

// Judge says who was probably banned. To call a person an attacker is the worse mistake, so that what is not plain is
// unclear.
func Judge(e Evidence, c Context) Verdict {
	f := gather(e, c)
	attacker, against := weigh(f, attackerSigns)
	person, inFavour := weigh(f, personSigns)
	v := Verdict{Who: Unclear, Names: f.named}
	switch {
	case attacker >= strong && person < fair:
		v.Who, v.Reasons = Attacker, against
	case person >= strong && attacker < fair:
		v.Who, v.Reasons = Person, slices.Concat(inFavour, f.pace())
	default:
		v.Reasons = slices.Concat(inFavour, against, f.gapsInEvidence())
	}
	v.Reasons = slices.DeleteFunc(v.Reasons, func(s string) bool { return s == "" })
	if len(v.Reasons) == 0 {
		v.Reasons = []string{fmt.Sprintf("%d names, and nothing else to go by", f.clusters)}
	}
	return v
}

// weigh adds up the signs that hold.
func weigh(f *facts, signs []sign) (sum int, reasons []string) {
	for _, s := range signs {
		if reason, ok := s.holds(f); ok {
			sum += s.weight
			reasons = append(reasons, reason)
		}
	}
	return sum, reasons
}
