// Package act is what may be done to Fail2Ban from a chat: lift the ban of one address, and have Fail2Ban ignore an
// address for a while. Three verbs do it, and two more ask which jails there are, and which rule a jail has. Helper
// carries them out with root's rights; whoever asks for them (Socket) has none.
//
// It does not know who asks for what in a chat, nor why: that is decided by those who may reach the helper. The helper
// believes none of them more than the grammar of a Request allows.
package act

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verb is what is to be done.
type Verb string

// The verbs.
const (
	Unban   Verb = "unban"   // lift the ban of an address by a jail
	Trust   Verb = "trust"   // have Fail2Ban ignore an address or a small network for a while
	Untrust Verb = "untrust" // end that
	Jails   Verb = "jails"   // name the jails
	Rules   Verb = "rules"   // say after how many failures a jail bans, and for how long
)

// MaxTrust is how long an address may be trusted in one go.
const MaxTrust = 90 * 24 * time.Hour

// The widest networks that may be trusted: those that are usual for one customer.
const (
	widest4 = 24
	widest6 = 48
)

// maxLine bounds a request and an answer, in bytes.
const maxLine = 1024

// Request is one thing to be done.
type Request struct {
	Verb   Verb
	Jail   string        // of Unban and Rules
	Target netip.Prefix  // an address is a network of one
	For    time.Duration // of Trust: whole seconds
}

// jailForm is stricter than Fail2Ban, which lets a jail be called anything: these names are of no option, no list, no
// file elsewhere, and of nothing that is special to a shell.
var jailForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// settings are words that `fail2ban-client set` and `get` take for a setting of the server where a jail is expected:
// `set logtarget unbanip …` would have Fail2Ban log elsewhere. Source: fail2ban/server/transmitter.py.
var settings = []string{
	"loglevel", "logtarget", "syslogsocket", "allowipv6", "thread", "dbfile", "dbmaxmatches", "dbpurgeage",
}

// GoodJail reports whether acts may name the jail.
func GoodJail(name string) bool {
	return jailForm.MatchString(name) && !slices.Contains(settings, name)
}

// ParseTarget parses an address or, as a CIDR, a network that may be trusted: none wider than /24 or /48.
func ParseTarget(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || p.Addr().Is4In6():
		return p, errors.New("is no address")
	case p.Masked() != p:
		return p, errors.New("has bits of a host behind its network")
	case p.Addr().Is4() && p.Bits() < widest4 || p.Addr().Is6() && p.Bits() < widest6:
		return p, fmt.Errorf("is wider than /%d or, in IPv6, /%d", widest4, widest6)
	}
	return p, nil
}

// TargetText is the address, or the network as a CIDR.
func TargetText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

var timeForm = regexp.MustCompile(`^([1-9][0-9]{0,6})([smhd])$`)

// ParseTime parses how long to trust: "30d", "12h", "90m", "45s"; up to MaxTrust.
func ParseTime(s string) (time.Duration, error) {
	m := timeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, errors.New(`is no time such as "30d" or "12h"`)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, err
	}
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	if n > int64(MaxTrust/unit) {
		return 0, fmt.Errorf("is longer than %d days", MaxTrust/(24*time.Hour))
	}
	return time.Duration(n) * unit, nil
}

// Parse parses the line of a request: "unban JAIL ADDRESS", "trust ADDRESS TIME", "untrust ADDRESS", "jails" or
// "rules JAIL", with a blank between words and nothing else. Its errors do not repeat what was asked.
func Parse(line string) (r Request, err error) {
	if len(line) > maxLine {
		return r, errors.New("the request is too long")
	}
	words := strings.Split(line, " ")
	counts := map[Verb]int{Unban: 3, Trust: 3, Untrust: 2, Jails: 1, Rules: 2}
	r.Verb = Verb(words[0])
	switch n, ok := counts[r.Verb]; {
	case !ok:
		return Request{}, errors.New("there is no such verb: unban, trust, untrust, jails, rules")
	case n != len(words):
		return Request{}, fmt.Errorf("%s takes %d words", r.Verb, n-1)
	case r.Verb == Jails:
		return r, nil
	case r.Verb == Unban, r.Verb == Rules:
		r.Jail = words[1]
		if !GoodJail(r.Jail) {
			return Request{}, errors.New("the jail has no name of a jail")
		}
		if r.Verb == Rules {
			return r, nil
		}
	case r.Verb == Trust:
		if r.For, err = ParseTime(words[2]); err != nil {
			return Request{}, fmt.Errorf("the time %w", err)
		}
	}
	address := words[1]
	if r.Verb == Unban {
		address = words[2]
	}
	if r.Target, err = ParseTarget(address); err != nil {
		return Request{}, fmt.Errorf("the address %w", err)
	}
	if r.Verb == Unban && !r.Target.IsSingleIP() {
		return Request{}, errors.New("one address can be unbanned, and no network")
	}
	return r, nil
}

// String is the line that Parse parses.
func (r Request) String() string {
	switch r.Verb {
	case Unban:
		return strings.Join([]string{string(r.Verb), r.Jail, TargetText(r.Target)}, " ")
	case Trust:
		return fmt.Sprintf("%s %s %ds", r.Verb, TargetText(r.Target), r.For/time.Second)
	case Untrust:
		return string(r.Verb) + " " + TargetText(r.Target)
	case Rules:
		return string(r.Verb) + " " + r.Jail
	}
	return string(r.Verb)
}
