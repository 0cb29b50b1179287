package enrich

import (
	"net/netip"
	"strings"
	"testing"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

// Replies in the registries' documented formats, with invented networks and holders.
const (
	krnic = "query : 203.0.113.5\n\n# KOREAN(UTF8)\n\nIPv4주소           : 203.0.0.0 - 203.0.255.255 (/16)\n\n# " +
		"ENGLISH\n\n" +
		"KRNIC is not an ISP but a National Internet Registry similar to APNIC.\n\n[ Network Information ]\n" +
		"IPv4 Address       : 203.0.0.0 - 203.0.255.255 (/16)\nOrganization Name  : Example Telecom\nService Name   " +
		"    : EXAMPLE\n\n" +
		"More specific assignment information is as follows.\n\n[ Network Information ]\n" +
		"IPv4 Address       : 203.0.113.0 - 203.0.113.127 (/25)\nOrganization Name  : Example Customer\n\n- " +
		"KISA/KRNIC WHOIS Service -\n"
	jpnic = "[ JPNIC database provides information regarding IP address and ASN. ]\n\nNetwork Information:          " +
		"  \n" +
		"a. [Network Number]             203.0.113.0/25\nb. [Network Name]               EXAMPLE-NET\ng. " +
		"[Organization]               Example, Inc.\n\n" +
		"Less Specific Info.\n----------\nExample Upstream\n                     [Allocation]                 " +
		"203.0.0.0-203.0.255.255\n"
	twnic = "\n   Netname: EXAMPLE-NET\n   Netblock: 203.0.113.0/24\n\n   Administrator contact:\n      " +
		"mail@example.org\n"
	registroBR = "\n% Copyright (c) Nic.br - Use of this data is governed by the Use and\n% Privacy Policy at " +
		"https://registro.br/upp .\n\n" +
		"inetnum:     203.0.113.0/24\naut-num:     AS64500\nowner:       Exemplo de Telecomunica\xe7\xf5es\n" +
		"ownerid:     EX\nowner-c:     EXA\n\n" +
		"nic-hdl-br:  EXA\nperson:      Jo Exemplo\n"
	rwhois = "%rwhois V-1.0,V-1.5:00090h:00 rwhois.example.net\nautharea=203.0.113.0/24\nnetwork:Class-Name:network\n" +
		"network:Network-Name:Example Assignment\nnetwork:IP-Network:203.0.113.0/29\n" +
		"network:IP-Network-Block:203.0.113.0 - 203.0.113.7\n" +
		"network:Org-Name:Example\nnetwork:Country-Code:US\n\n%ok\n"
)

func TestParse(t *testing.T) {
	ripe := whoistest.RIPE
	tests := map[string]struct {
		text    string
		addr    string // 203.0.113.5 if ""
		kind    kind
		country store.Country
		network string
	}{
		"RIPE": {
			text: ripe("203.0.113.0 - 203.0.113.255", "BE", "N"), kind: answer, country: "BE",
			network: "203.0.113.0/24",
		},
		"IPv6 with leading zeros": {
			text: ripe("2001:0db8:0001::/48", "BE", "N"), addr: "2001:db8:1::5", kind: answer,
			country: "BE", network: "2001:db8:1::/48",
		},
		"lower case": {
			text: ripe("203.0.113.0 - 203.0.113.255", "be", "N"), kind: answer, country: "BE",
			network: "203.0.113.0/24",
		},
		"a comment": {
			text: ripe("203.0.113.0 - 203.0.113.255", "NL # or not", "N"), kind: answer,
			country: "NL", network: "203.0.113.0/24",
		},
		"UK": {
			text: ripe("203.0.113.0 - 203.0.113.255", "UK", "N"), kind: answer, country: "GB",
			network: "203.0.113.0/24",
		},
		"EU is no country": {
			text: ripe("203.0.113.0 - 203.0.113.255", "EU", "N"), kind: answer,
			network: "203.0.113.0/24",
		},
		"AP is no country": {
			text: ripe("203.0.113.0 - 203.0.113.255", "AP", "N"), kind: answer,
			network: "203.0.113.0/24",
		},
		"of two the first counts": {
			text: ripe("203.0.113.0 - 203.0.113.255", "DE\ncountry: AT", "N"), kind: answer,
			country: "DE", network: "203.0.113.0/24",
		},
		"CR CR LF": {text: strings.ReplaceAll(ripe("203.0.113.0 - 203.0.113.255", "BE", "N"), "\n",
			"\r\r\n"), kind: answer, country: "BE", network: "203.0.113.0/24"},
		"the smaller block first": {text: ripe("203.0.113.0 - 203.0.113.127", "BE", "N") +
			ripe("203.0.113.0 - 203.0.113.255", "NL", "N"), kind: answer, country: "BE", network: "203.0.113.0/25"},
		"the smaller block last": {text: ripe("203.0.113.0 - 203.0.113.255", "NL", "N") +
			ripe("203.0.113.0 - 203.0.113.127", "BE", "N"), kind: answer, country: "BE", network: "203.0.113.0/25"},
		"another block": {text: ripe("203.0.113.128 - 203.0.113.255", "NL", "N"), kind: noAnswer},
		"a range that is no CIDR": {
			text: ripe("203.0.113.0 - 203.0.113.11", "BE", "N"), kind: answer, country: "BE",
			network: "203.0.113.0/29 203.0.113.8/30",
		},
		"not the organisation's": {text: ripe("203.0.113.0 - 203.0.113.255", "EU", "N") +
			"organisation: ORG-EX1\norg-name: Example\ncountry: NL\n", kind: answer, network: "203.0.113.0/24"},
		"not the person's": {text: "inetnum: 203.0.113.0 - 203.0.113.255\nnetname: N\nperson: Jo Example\n" +
			"country: SC\n", kind: answer, network: "203.0.113.0/24"},
		"not the description's": {text: "inetnum: 203.0.113.0 - 203.0.113.255\nnetname: N\ndescr: Example\n      " +
			"   country: SC\ncountry: BE\n", kind: answer, country: "BE", network: "203.0.113.0/24"},
		"ARIN": {
			text: whoistest.ARIN("203.0.112.0 - 203.0.113.255", "US", "N"), kind: answer,
			country: "US", network: "203.0.112.0/23",
		},
		"ARIN, parent first": {text: whoistest.ARIN("203.0.0.0 - 203.0.255.255", "US", "N") +
			"\n# end\n\n# start\n\n" + whoistest.ARIN("203.0.113.0 - 203.0.113.255", "CA",
			"N"), kind: answer, country: "CA", network: "203.0.113.0/24"},
		"ARIN, handed on": {
			text: whoistest.Transferred("203.0.0.0 - 203.0.255.255", "whois.ripe.net"),
			kind: referral,
		},
		"ARIN, a list": {
			text: "Example EXAMPLE (NET-203-0-113-0-1) 203.0.113.0 - 203.0.113.255\n",
			kind: noAnswer,
		},
		"ARIN, no match": {
			text: "#\n# ARIN WHOIS data\n#\n\nNo match found for n + 203.0.113.5.\n",
			kind: noAnswer,
		},
		"Debian prints both": {text: whoistest.Transferred("203.0.0.0 - 203.0.255.255", "whois.ripe.net") +
			"\n\nFound a referral to whois.ripe.net.\n\n" +
			ripe("203.0.113.0 - 203.0.113.255", "DE", "N"), kind: answer, country: "DE", network: "203.0.113.0/24"},
		"LACNIC, short CIDR": {
			text: whoistest.LACNIC("203.0.112/22", "DO", "Example"), kind: answer,
			country: "DO", network: "203.0.112.0/22",
		},
		"registro.br": {text: registroBR, kind: answer, country: "BR", network: "203.0.113.0/24"},
		"KRNIC":       {text: krnic, kind: answer, country: "KR", network: "203.0.113.0/25"},
		"JPNIC":       {text: jpnic, kind: answer, country: "JP", network: "203.0.113.0/25"},
		"JPNIC in ISO-2022-JP": {text: "a. [IP\x1b$B%M%C%H%o!<%/%\"%I%l%9\x1b(B]     203.0.113.0/25\nb. " +
			"[\x1b$B%M%C%H%o!<%/L>\x1b(B]  EXAMPLE\n", kind: answer, country: "JP", network: "203.0.113.0/25"},
		"KRNIC in EUC-KR": {
			text: strings.Replace(krnic, "IPv4주소 ", "IPv4\xc1\xd6\xbc\xd2", 1), kind: answer,
			country: "KR", network: "203.0.113.0/25",
		},
		"TWNIC":  {text: twnic, kind: answer, country: "TW", network: "203.0.113.0/24"},
		"rwhois": {text: rwhois, kind: answer, country: "US", network: "203.0.113.0/29"},
		"not managed by RIPE": {text: ripe("203.0.0.0 - 203.115.255.255", "EU # world wide",
			"NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK"), kind: placeholder},
		"all of IPv4":             {text: ripe("0.0.0.0 - 255.255.255.255", "EU", "IANA-BLK"), kind: placeholder},
		"all of it, another name": {text: ripe("0.0.0.0 - 255.255.255.255", "NL", "SOMEBODY"), kind: placeholder},
		"early registrations": {
			text: ripe("203.0.0.0 - 203.255.255.255", "AU", "ERX-NETBLOCK"),
			kind: placeholder,
		},
		"special use": {text: "NetRange: 203.0.113.0 - 203.0.113.255\nNetName: TEST\nNetType: IANA " +
			"Special Use\n\nOrgName: IANA\nCountry: US\n", kind: placeholder},
		"refused for the day": {text: whoistest.Refusal, kind: refusal},
		"too many connections": {text: "%ERROR:306: connections exceeded\n%\n% Number of connections from a " +
			"single IP address\n", kind: refusal},
		"rate limit": {
			text: "% Joint Whois - whois.lacnic.net\n\n% Query rate limit exceeded.\n",
			kind: refusal,
		},
		"a refusal in the remarks": {
			text: ripe("203.0.113.0 - 203.0.113.255", "BE", "ACCESS DENIED"), kind: answer,
			country: "BE", network: "203.0.113.0/24",
		},
		"markup":  {text: ripe("203.0.113.0 - 203.0.113.255", "US<b>", "N"), kind: malformed},
		"nothing": {text: "", kind: noAnswer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.addr == "" {
				tt.addr = "203.0.113.5"
			}
			got := parse(tt.text, netip.MustParseAddr(tt.addr))
			var networks []string
			for _, p := range got.networks {
				networks = append(networks, p.String())
			}
			if got.kind != tt.kind || got.country != tt.country || strings.Join(networks, " ") != tt.network {
				t.Errorf("%s, %q, %v; want %s, %q, %s", got.kind, got.country, networks, tt.kind, tt.country,
					tt.network)
			}
		})
	}
}
