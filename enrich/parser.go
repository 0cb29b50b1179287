package enrich

import "strings"

// parser parses a reply line by line. A reply consists of paragraphs, each an object whose first line tells its type.
type parser struct {
	blocks  []block
	object  object
	indent  int    // the smallest indentation of the object's lines: what is further in continues the line above
	pending string // a name that precedes its block
	brazil  bool
	korea   bool
	refused string
}

type object string

const (
	none   object = ""
	netObj object = "network"
	orgObj object = "organisation" // of the network above it
	other  object = "other"
)

// objectKeys are the keys that begin an object even without an empty line before them.
var objectKeys = map[string]object{
	"orgname": orgObj, "custname": orgObj,
	"person": other, "role": other, "organisation": other, "irt": other, "mntner": other, "nic-hdl": other,
	"nic-hdl-br": other, "route": other, "route6": other, "aut-num": other, "domain": other, "contact": other,
	"orgtechhandle": other, "orgabusehandle": other, "orgnochandle": other, "orgroutinghandle": other,
	"referral": other,
}

// line parses one line.
func (p *parser) line(line string) {
	text := strings.TrimSpace(line)
	if text == "" {
		p.object = none
		return
	}
	if text[0] == '%' || text[0] == '#' {
		p.comment(text)
		return
	}
	p.refusal(text)
	key, value := split(text)
	if key == "" {
		return
	}
	in := indentation(line)
	if p.object != none && (in > p.indent || line[0] == '+') {
		return // it continues the value of the line above
	}
	p.indent = in
	if p.begin(key, value) || len(p.blocks) == 0 {
		return
	}
	p.attribute(&p.blocks[len(p.blocks)-1], key, value)
}

// indentation returns the column in which the text of a line begins.
func indentation(line string) (column int) {
	const tab = 8
	for i := range len(line) {
		switch line[i] {
		case ' ':
			column++
		case '\t':
			column += tab - column%tab
		default:
			return column
		}
	}
	return column
}

// begin updates the type of the current object, and reports whether the line begins a network.
func (p *parser) begin(key, value string) bool {
	b := block{form: key}
	switch key {
	case "inetnum", "inet6num", "netrange", "ip-network":
	case "netblock": // TWNIC
		b.impliedCountry, b.name = "TW", p.pending
	case "[network number]": // JPNIC
		b.impliedCountry = "JP"
	case "ipv4 address", "ipv6 address", "ip address": // KRNIC
		b.form, b.impliedCountry = "ipv4 address", "KR"
	default:
		o, ok := objectKeys[key]
		switch {
		case ok && (key != "aut-num" || p.object == none): // LACNIC names the AS among the network's own lines
			p.object = o
		case p.object == none:
			p.object = other
		}
		if key == "netname" {
			p.pending = value
		}
		return false
	}
	b.ranges = parseRanges(value)
	p.object, p.pending = netObj, ""
	p.blocks = append(p.blocks, b)
	return true
}

// attribute sets an attribute of the block from a line of the current object.
func (p *parser) attribute(b *block, key, value string) {
	ofOrg := p.object == orgObj && b.form == "netrange"
	switch key {
	case "country", "country-code":
		if (p.object == netObj || ofOrg) && !b.hasCountry {
			b.country, b.hasCountry = value, true
		}
	case "referralserver": // ARIN, after the organisation
		if b.form == "netrange" && b.referral == "" {
			b.referral = value
		}
	case "orgname", "custname":
		if ofOrg && b.holder == "" {
			b.holder = value
		}
	}
	if p.object != netObj {
		return
	}
	switch key {
	case "netname", "network-name", "[network name]":
		if b.name == "" {
			b.name = value
		}
	case "owner", "org-name", "organization name", "descr":
		if b.holder == "" {
			b.holder = value
		}
	case "nettype":
		b.nettype = value
	}
}

// comment parses a comment, which may identify the registry or refuse the query.
func (p *parser) comment(text string) {
	if strings.Contains(text, "Copyright (c) Nic.br") {
		p.brazil = true
	}
	if strings.HasPrefix(text, "# KOREAN") {
		p.korea = true
	}
	if strings.HasPrefix(text, "%rwhois") {
		p.object = none
	}
	p.refusal(text)
}

// refusals are the phrases with which servers refuse a query. RIPE's software uses numbers: 201 is an exceeded limit or
// a block, 306 too many connections.
var refusals = []string{
	"%error:201", "%error:306", "access denied", "limit exceeded", "quota exceeded", "queries exceeded",
	"connections exceeded", "too many queries", "too many requests", "temporarily denied", "temporarily blocked",
	"has been blocked", "permanently denied",
}

// refusal keeps the first line that refuses the query; it counts only in a reply that contains no network.
func (p *parser) refusal(text string) {
	if strings.Contains(text, "KRNIC") {
		p.korea = true
	}
	if p.refused != "" || len(text) > 200 || p.object == netObj {
		return
	}
	lower := strings.ToLower(text)
	for _, words := range refusals {
		if strings.Contains(lower, words) {
			p.refused = text
			return
		}
	}
}

// split splits a line into a key in lower case and its value; both are "" if it has none.
func split(text string) (key, value string) {
	// JPNIC: "a. [Network Number]   192.0.2.0/24"; the words may be Japanese, but the letters are always the same.
	if i := strings.LastIndexByte(text, ']'); i > 0 && (text[0] == '[' || strings.HasPrefix(text[1:], ". [")) {
		value = strings.TrimSpace(text[i+1:])
		switch text[0] {
		case 'a':
			return "[network number]", value
		case 'b':
			return "[network name]", value
		}
		return strings.ToLower(text[:i+1]), value
	}
	text = strings.TrimPrefix(text, "network:") // rwhois
	key, value, ok := strings.Cut(text, ":")
	key = strings.TrimSpace(key)
	if !ok || key == "" || len(key) > 40 {
		return "", ""
	}
	return strings.ToLower(key), strings.TrimSpace(value)
}
