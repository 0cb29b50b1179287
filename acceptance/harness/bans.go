package harness

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Addresses of the sample that the built-in table places in Belgium and elsewhere.
const (
	Belgian  = "34.38.29.62"
	Belgian2 = "104.155.5.16"
	Foreign  = "47.74.15.96"
)

// BanRow is a row of the rich form.
func BanRow(at time.Time, address, jail, evidence string) string {
	return fmt.Sprintf("%s,%s,%s,5,3600,1,%d,%s\n", at.UTC().Format("2006-01-02,15:04:05"), address, jail, at.Unix(),
		base64.StdEncoding.EncodeToString([]byte(evidence)))
}

// Addresses are so many of a friendly network. The range is for benchmarks (RFC 2544).
func Addresses(n int) []string {
	all := make([]string, n)
	a := netip.MustParseAddr("198.18.0.0")
	for i := range all {
		a = a.Next()
		all[i] = a.String()
	}
	return all
}

// BanRows are bans of the addresses, all at once.
func BanRows(at time.Time, addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		b.WriteString(BanRow(at, a, "sshd", "Failed password for invalid user admin from "+a+" port 40222 ssh2"))
	}
	return b.String()
}
