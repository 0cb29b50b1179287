package evidence

import (
	"slices"
	"strings"
	"unicode"
)

// NetworkOf tells the kind of a network by the name of its holder. It is unknown where the name says nothing, or both:
// of IPv4, names tell the kind of less than half. People behind a VPN come from a hosting company, too.
func NetworkOf(holder string) Network {
	holder = strings.ToLower(holder)
	words := strings.FieldsFunc(holder, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '&' })
	hosting, access := hostingNames.in(holder, words), accessNames.in(holder, words)
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
	parts  []string // of a word
	words  []string // whole
	starts []string // of the name
}

func (n holderNames) in(holder string, words []string) bool {
	return slices.ContainsFunc(n.starts, func(s string) bool { return strings.HasPrefix(holder, s) }) ||
		slices.ContainsFunc(words, func(word string) bool {
			return slices.Contains(n.words, word) ||
				slices.ContainsFunc(n.parts, func(part string) bool { return strings.Contains(word, part) })
		})
}

// The words are those that companies use of themselves, read off the names of the 400 largest holders and of those that
// were banned most in public lists of attackers. The names are of companies whose names do not say what they do.
var (
	hostingNames = holderNames{
		parts: []string{"hosting", "cloud", "datacent", "dedicat", "colocat"},
		words: []string{
			"host", "server", "servers", "serverius", "vps", "vds", "idc", "colo", "colocrossing",
			"alibaba", "aeza", "beget", "byteplus", "choopa", "clouvider", "contabo", "datacamp", "digitalocean", "frantech",
			"gcore", "godaddy", "hetzner", "hostinger", "hostpapa", "hostroyale", "hostwinds", "infomaniak", "ionos", "kamatera",
			"leaseweb", "limestone", "linode", "m247", "melbikomas", "namecheap", "netcup", "nforce", "nocix", "ovh", "ponynet",
			"psychz", "quadranet", "rackspace", "scaleway", "selectel", "sharktech", "softlayer", "strato", "tencent", "timeweb",
			"ucloud", "vultr", "worldstream", "xtom", "zenlayer",
		},
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
		words: []string{
			"dsl", "fiber", "fibre", "ftth", "catv", "wifi", "movil", "comcast", "bouygues", "airtel", "telenet", "proximus",
			"orange", "kpn", "ziggo", "odido", "swisscom", "telia", "telenor", "tele2", "rostelecom", "turkcell", "kyivstar",
			"kddi", "docomo", "viettel", "vnpt", "jcom", "biglobe", "eircom", "plusnet", "talktalk", "iinet", "telstra", "telus",
			"videotron", "breezeline", "cablevision", "suddenlink", "windstream", "centurylink", "starlink", "viasat", "megafon",
		},
		starts: []string{
			"at&t", "bell canada", "bt ", "charter communications", "china unicom", "cox communications", "free sas",
			"frontier communications", "reliance jio", "rogers communications", "shaw communications", "sk broadband", "sky uk",
			"softbank", "societe francaise du radiotelephone", "space exploration", "verizon business", "virgin media",
		},
	}
)
