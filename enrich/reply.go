package enrich

import (
	"net/netip"
	"strings"

	"friendlyfire/store"
)

// kind is what a reply amounts to.
type kind string

const (
	answer      kind = "answer"
	noAnswer    kind = "no answer"
	malformed   kind = "malformed"   // the block is there, its country is no code
	placeholder kind = "placeholder" // the block says only that it is not the registry's to tell of
	referral    kind = "referral"    // a placeholder that names whom to ask
	refusal     kind = "refusal"
)

// reply is what a registry says of one address.
type reply struct {
	kind     kind
	country  store.Country // "" also where the registry clearly answers without one (EU, ZZ, AP)
	networks []netip.Prefix
	name     string // netname, else the holder; cleaned
	refer    string // whom to ask instead, as the registry wrote it; unchecked
	said     string // the line that makes a refusal, cleaned
}

// block is one paragraph of a reply about one network.
type block struct {
	spans    []addrRange
	form     string // the key that began it
	name     string
	holder   string
	country  string
	stated   bool // a line for the country is there
	implied  store.Country
	nettype  string
	referral string
}

// parse finds the most specific block that holds the address, whatever its place, and what it says.
//
// The country is that of the block itself, in ARIN's form that of the organisation right under it; never that of
// a person, a role, a maintainer or an organisation elsewhere. Some national registries state none and stand for
// their own country: registro.br, KRNIC, JPNIC, TWNIC.
func parse(text string, a netip.Addr) reply {
	p := parser{}
	for line := range strings.SplitSeq(text, "\n") {
		p.line(strings.TrimRight(line, "\r"))
	}
	best := p.best(a)
	if best == nil {
		if p.refused != "" {
			return reply{kind: refusal, said: store.Clean(p.refused, 120)}
		}
		return reply{kind: noAnswer}
	}
	r := reply{kind: answer, name: best.title(), refer: best.referral}
	own, _ := best.addrRange(a)
	switch {
	case best.placeholder(own):
		r.kind = placeholder
		if best.referral != "" {
			r.kind = referral
		}
		return r
	case best.stated:
		var ok bool
		if r.country, ok = countryOf(best.country); !ok {
			return reply{kind: malformed, name: r.name}
		}
	case best.form == "inetnum" && p.brazil:
		r.country = "BR"
	case best.form == "ipv4 address" && !p.korea:
		return reply{kind: noAnswer}
	default:
		r.country = best.implied
	}
	for _, s := range best.spans {
		r.networks = append(r.networks, s.prefixes()...)
	}
	return r
}

// countryOf reads the value of a country line. It reports false for what is no two-letter code, and gives ""
// for codes that are no country's.
func countryOf(s string) (store.Country, bool) {
	s, _, _ = strings.Cut(s, "#")
	s = strings.TrimSpace(s)
	if s == "" {
		return "", true
	}
	isLetter := func(b byte) bool { return 'A' <= b&^0x20 && b&^0x20 <= 'Z' }
	if len(s) != 2 || !isLetter(s[0]) || !isLetter(s[1]) {
		return "", false
	}
	c, _ := store.ParseCountry(s)
	return c, true
}

func (b *block) addrRange(a netip.Addr) (addrRange, bool) {
	for _, s := range b.spans {
		if s.has(a) {
			return s, true
		}
	}
	return addrRange{}, false
}

func (b *block) title() string {
	name := b.name
	if name == "" {
		name = b.holder
	}
	return store.Clean(name, 80)
}

// placeholder reports whether the block only says that the registry has nothing to say of it: blocks of other
// registries, of IANA, or for special use. Their country is the registry's own, their range is everybody's.
func (b *block) placeholder(s addrRange) bool {
	// Nobody holds more than an IPv4 /8 or an IPv6 /16.
	widest := 8
	if s.first.Is6() {
		widest = 16
	}
	if p := netip.PrefixFrom(s.first, widest).Masked(); last(p).Compare(s.last) < 0 {
		return true
	}
	name, nettype := strings.ToUpper(b.name), strings.ToLower(b.nettype)
	for _, prefix := range []string{
		"NON-RIPE-NCC-MANAGED", "IANA-", "ERX-NETBLOCK", "EU-ZZ", "STUB-", "NON-AFRINIC", "NON-APNIC",
		"RESERVED", "AFRINIC-NET-TRANSFERRED", "APNIC-ERX-", "RIPE-ERX-", "LACNIC-ERX-", "AFRINIC-ERX-",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.Contains(nettype, "transferred to") || strings.Contains(nettype, "iana ") ||
		strings.HasPrefix(nettype, "allocated to ")
}

// best is the block with the smallest range around the address; of equal ones the first that states a country.
func (p *parser) best(a netip.Addr) *block {
	var best *block
	var around addrRange
	for i := range p.blocks {
		b := &p.blocks[i]
		s, ok := b.addrRange(a)
		if ok && (best == nil || s.within(around) || s == around && b.stated && !best.stated) {
			best, around = b, s
		}
	}
	return best
}
