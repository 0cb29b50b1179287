package enrich

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

// TestIndentedReplies sends replies through the whois library, which trims them.
func TestIndentedReplies(t *testing.T) {
	ripe := whoistest.RIPE("203.0.113.0 - 203.0.113.255", "BE", "EXAMPLE-NET")
	from := func(key, text string) string {
		_, rest, _ := strings.Cut(text, key)
		return key + rest
	}
	block := from("inetnum", ripe)
	// indent indents every line that is not empty.
	indent := func(by, text string) string {
		return strings.ReplaceAll(by+strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by), by+"\n", "\n") + "\n"
	}
	crlf := strings.NewReplacer("\n", "\r\n")
	arinBlock := from("NetRange", whoistest.ARIN("203.0.113.0 - 203.0.113.255", "BE", "EXAMPLE-NET"))
	lacnic := whoistest.LACNIC("203.0.113/24", "BE", "EXAMPLE-NET")
	oneLine := strings.TrimLeft(twnic, "\n") // before it, no blank one
	first := "inetnum: 203.0.113.0 - 203.0.113.255\n"
	others := "netname: EXAMPLE-NET\ndescr:   Example\ncountry: BE\n"
	continued := strings.Replace(others, "Example\n", "Example\n      country: SC\n", 1)
	tests := map[string]struct {
		host  string // whois.ripe.net if ""
		reply string
		want  store.Country // BE if ""
	}{
		"TWNIC":                      {host: "whois.twnic.net", reply: oneLine, want: "TW"},
		"TWNIC, CR LF":               {host: "whois.twnic.net", reply: crlf.Replace(oneLine), want: "TW"},
		"TWNIC, a blank line first":  {host: "whois.twnic.net", reply: twnic, want: "TW"},
		"TWNIC, several blank lines": {host: "whois.twnic.net", reply: "\r\n  \r\n\t\n" + twnic, want: "TW"},
		"TWNIC, tabs": {
			host: "whois.twnic.net", reply: "\tNetname: EXAMPLE-NET\n\tNetblock: 203.0.113.0/24\n", want: "TW",
		},
		"TWNIC, tabs and spaces": {
			host: "whois.twnic.net", reply: "\tNetname: EXAMPLE-NET\n        Netblock: 203.0.113.0/24\n", want: "TW",
		},
		"RIPE, spaces":                   {reply: indent("    ", block)},
		"RIPE, one space":                {reply: indent(" ", block)},
		"RIPE, tabs":                     {reply: indent("\t", block)},
		"RIPE, CR LF":                    {reply: crlf.Replace(indent("  ", block))},
		"RIPE, all of the reply":         {reply: indent("   ", ripe)},
		"RIPE, blank lines first":        {reply: "\n\n" + indent("   ", block)},
		"LACNIC":                         {host: "whois.lacnic.net", reply: indent("  ", lacnic)},
		"ARIN":                           {host: arin, reply: indent("   ", arinBlock)},
		"only the first line":            {reply: "  " + first + others},
		"only the first line, continued": {reply: "  " + first + continued},
		"a value continued further in":   {reply: indent("  ", first+continued)},
		"an indented block after others": {reply: "organisation: EXAMPLE\ncountry: SC\n\n" + indent("   ", block)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.host == "" {
					tt.host = "whois.ripe.net"
				}
				if tt.want == "" {
					tt.want = "BE"
				}
				fake := &whoistest.Server{}
				fake.Handle(tt.host, whoistest.Text(func(whoistest.Question) string { return tt.reply }))
				got, err := (&Client{Dial: fake.Dial}).Resolve(t.Context(), tt.host, netip.MustParseAddr("203.0.113.5"))
				network := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
				if err != nil || got.Country != tt.want || got.Name == "" || !slices.Equal(got.Networks, network) {
					t.Errorf("%+v, %v, want %s for %v in\n%s", got, err, tt.want, network, tt.reply)
				}
			})
		})
	}
}
