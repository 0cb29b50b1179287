package harness

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// AlertIn is the first line of the alert about a ban by sshd: of an address of a friendly country, or for "" of one of
// the networks that are friendly in a scene with both platforms.
func AlertIn(country store.Country, address string) string { return AlertBy("sshd", country, address) }

// AlertBy is AlertIn for any jail.
func AlertBy(jail string, country store.Country, address string) string {
	return Headline(jail, country, address).String()
}

// Headline is AlertBy with its styles.
func Headline(jail string, country store.Country, address string) msg.Text {
	w := bot.Words{Friends: store.Friends{Countries: []store.Country{"BE"}}}
	for _, network := range []string{"203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32"} {
		w.Friends.Networks = append(w.Friends.Networks, netip.MustParsePrefix(network))
	}
	return w.Headline(store.EnrichedBan{
		Ban: store.Ban{Source: "web1", Jail: jail, Address: address}, Country: country,
	})
}

// Alert is part of the first line of every alert about the address, whatever makes it friendly, and of no other
// message.
func Alert(address string) string {
	_, alert, _ := strings.Cut(AlertIn("", address), "web1")
	return strings.Split(alert, "(")[0] + "("
}

// AnyAlert occurs once in every alert about the bans of web1, and in no other message.
func AnyAlert() string {
	_, alert, _ := strings.Cut(AlertIn("", "ADDRESS"), "sshd")
	return strings.Split(alert, "ADDRESS")[0]
}

// AlertForm finds alerts; its submatch is the address.
func AlertForm() *regexp.Regexp {
	return regexp.MustCompile(strings.Replace(regexp.QuoteMeta(Alert("ADDRESS")), "ADDRESS", `(\S+)`, 1))
}

// stormForm finds the first line of a storm, with its size.
var stormForm = regexp.MustCompile(` banned (?:([\d\x{202f}]+) friends?|friends ([\d\x{202f}]+) times)[^(\n]* \(`)

// unnamed finds how many bans of a storm are counted and not named.
var unnamed = regexp.MustCompile(`… and ([\d\x{202f}]+) more bans?`)

// AlertsIn returns the addresses that a message alerts of: by themselves, or in a storm with those that it does not
// name.
func AlertsIn(text string) (addresses []string, more int) {
	for _, found := range AlertForm().FindAllStringSubmatch(text, -1) {
		addresses = append(addresses, found[1])
	}
	for part := range strings.SplitSeq(text, "\n\n") {
		if !stormForm.MatchString(part) {
			continue
		}
		addresses = append(addresses, addressesIn(part)...)
		if m := unnamed.FindStringSubmatch(part); m != nil {
			n, _ := strconv.Atoi(strings.ReplaceAll(m[1], "\u202f", ""))
			more += n
		}
	}
	return addresses, more
}

// addressesIn returns the addresses that a text names, each once: a storm names those whose bans are over in its list
// alone.
func addressesIn(text string) (all []string) {
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, "`,")
		if _, err := netip.ParseAddr(word); err == nil && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// Repeats reports whether a message says that it may have been sent before.
func Repeats(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.HasSuffix(first, " (may repeat)")
}
