package enrich

import (
	"net/netip"
	"strings"

	"friendlyfire/store"
)

// kind classifies a reply.
type kind string

const (
	answer      kind = "answer"
	noAnswer    kind = "no answer"
	malformed   kind = "malformed"   // the block has a country that is not a code
	placeholder kind = "placeholder" // the block only says that the registry is not responsible
	referral    kind = "referral"    // a placeholder that names another server
	refusal     kind = "refusal"
)

// reply is a registry's parsed reply about one address.
type reply struct {
	kind     kind
	country  store.Country // "" also if the registry deliberately gives none (EU, ZZ, AP)
	networks []netip.Prefix
	name     string // netname, else the holder; cleaned
	refer    string // the server to ask instead, as the registry wrote it; unchecked
	said     string // the line with the refusal, cleaned
}

// block is one paragraph of a reply about one network.
type block struct {
	ranges         []addrRange
	form           string // the key that began it
	name           string
	holder         string
	country        string
	hasCountry     bool // there is a line for the country
	impliedCountry store.Country
	nettype        string
	referral       string
}

// parse finds the most specific block that contains the address, wherever it is in the text, and parses it.
//
// The country is that of the block itself, or in ARIN's format that of the organisation right below it; never that of
// a person, a role, a maintainer or an organisation elsewhere. Some national registries state none, which implies their
// own country: registro.br, KRNIC, JPNIC, TWNIC.
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
	own, _ := best.rangeAround(a)
	switch {
	case best.placeholder(own):
		r.kind = placeholder
		if best.referral != "" {
			r.kind = referral
		}
		return r
	case best.hasCountry:
		var ok bool
		if r.country, ok = countryOf(best.country); !ok {
			return reply{kind: malformed, name: r.name}
		}
	case best.form == "inetnum" && p.brazil:
		r.country = "BR"
	case best.form == "ipv4 address" && !p.korea:
		return reply{kind: noAnswer}
	default:
		r.country = best.impliedCountry
	}
	for _, s := range best.ranges {
		r.networks = append(r.networks, s.prefixes()...)
	}
	return r
}

// countryOf parses the value of a country line. It reports false if that is not a two-letter code, and returns "" for
// codes that are not a country.
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

func (b *block) rangeAround(a netip.Addr) (addrRange, bool) {
	for _, s := range b.ranges {
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

// placeholder reports whether the block only says that the registry is not responsible: blocks of other registries, of
// IANA, or for special use. Their country is the registry's own, and their range covers many holders.
func (b *block) placeholder(s addrRange) bool {
	// Nobody holds more than an IPv4 /8 or an IPv6 /16.
	widest := 8
	if s.first.Is6() {
		widest = 16
	}
	if p := netip.PrefixFrom(s.first, widest).Masked(); lastAddress(p).Compare(s.last) < 0 {
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

// best returns the block with the smallest range around the address; of equal ones, the first that states a country.
func (p *parser) best(a netip.Addr) *block {
	var best *block
	var around addrRange
	for i := range p.blocks {
		b := &p.blocks[i]
		s, ok := b.rangeAround(a)
		if ok && (best == nil || s.within(around) || s == around && b.hasCountry && !best.hasCountry) {
			best, around = b, s
		}
	}
	return best
}
