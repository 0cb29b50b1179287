package evidence

import (
	"slices"
	"strings"
)

// NetworkOf tells the kind of a network by the name of its holder. It is unknown where the name says nothing, or both:
// of IPv4, names tell the kind of less than half. People behind a VPN come from a hosting company, too.
func NetworkOf(holder string) Network {
	holder = strings.ToLower(holder)
	hosting, access := hostingNames.in(holder), accessNames.in(holder)
	for rest := holder; rest != ""; {
		word := rest
		if end := strings.IndexAny(rest, " ,.-()/\"'"); end >= 0 {
			word, rest = rest[:end], rest[end+1:]
		} else {
			rest = ""
		}
		hosting, access = hosting || hostingNames.words[word], access || accessNames.words[word]
	}
	switch {
	case hosting && !access:
		return Hosting
	case access && !hosting:
		return Access
	}
	return UnknownNetwork
}

// holderNames are what stands in the names of the holders of one kind of network.
type holderNames struct {
	parts  []string        // of a word
	words  map[string]bool // whole
	starts []string        // of the name
}

// in reports whether the name has a part or a start.
func (n holderNames) in(holder string) bool {
	return slices.ContainsFunc(n.parts, func(part string) bool { return strings.Contains(holder, part) }) ||
		slices.ContainsFunc(n.starts, func(start string) bool { return strings.HasPrefix(holder, start) })
}

// The words are those that companies use of themselves, read off the names of the 400 largest holders and of those that
// were banned most in public lists of attackers. The names are of companies whose names do not say what they do.
var (
	hostingNames = holderNames{
		parts: []string{"hosting", "cloud", "datacent", "data cent", "dedicat", "colocat"},
		words: set(`
			host server servers serverius vps vds idc colo colocrossing alibaba aeza beget byteplus choopa clouvider
			contabo datacamp digitalocean frantech gcore godaddy hetzner hostinger hostpapa hostroyale hostwinds
			infomaniak ionos kamatera leaseweb limestone linode m247 melbikomas namecheap netcup nforce nocix ovh
			ponynet psychz quadranet rackspace scaleway selectel sharktech softlayer strato tencent timeweb ucloud vultr
			worldstream xtom zenlayer`),
		starts: []string{
			"amazon.com", "amazon data", "akamai", "fastly", "google llc", "huawei international", "microsoft corporation",
			"online s.a.s", "oracle corporation", "beijing volcano engine", "the constant company", "unified layer",
		},
	}
	accessNames = holderNames{
		parts: []string{
			"telecom", "telekom", "telefonica", "telephon", "broadband", "mobile", "cellular", "cable", "wireless", "vodafone",
			"chinanet", "etisalat",
		},
		words: set(`
			dsl fiber fibre ftth catv wifi movil comcast bouygues airtel telenet proximus orange kpn ziggo odido
			swisscom telia telenor tele2 rostelecom turkcell kyivstar kddi docomo viettel vnpt jcom biglobe eircom
			plusnet talktalk iinet telstra telus videotron breezeline cablevision suddenlink windstream centurylink
			starlink viasat megafon`),
		starts: []string{
			"at&t", "bell canada", "bt ", "charter communications", "china unicom", "cox communications", "free sas",
			"frontier communications", "reliance jio", "rogers communications", "shaw communications", "sk broadband", "sky uk",
			"softbank", "societe francaise du radiotelephone", "space exploration", "verizon business", "virgin media",
		},
	}
)
