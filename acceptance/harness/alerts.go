package harness

import (
	"regexp"
	"strings"

	"friendlyfire/bot"
	"friendlyfire/store"
)

// AlertIn is the first line of the alert about an address: of a friendly country, or "" for a friendly network.
func AlertIn(country store.Country, address string) string {
	return bot.Headline(country, address).String() + "\n"
}

// Alert is part of the first line of every alert about the address, whatever makes it friendly, and of no other
// message.
func Alert(address string) string {
	a, b := AlertIn("", address), AlertIn("BE", address)
	for !strings.HasSuffix(b, a) {
		a = a[1:]
	}
	return a
}

// AnyAlert occurs once in every alert, and in no other message.
func AnyAlert() string { return strings.TrimSuffix(Alert(""), "\n") }

// AlertForm finds alerts; its submatch is the address.
func AlertForm() *regexp.Regexp {
	return regexp.MustCompile(strings.Replace(regexp.QuoteMeta(Alert("ADDRESS")), "ADDRESS", `(\S+)`, 1))
}
