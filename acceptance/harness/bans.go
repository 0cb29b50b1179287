package harness

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Addresses of the sample that the built-in table places in Belgium and elsewhere.
const (
	Belgian  = "34.38.29.62"
	Belgian2 = "104.155.5.16"
	Foreign  = "47.74.15.96"
)

// BanRow is a row of a file of bans.
func BanRow(at time.Time, address, jail, evidence string) string {
	return fmt.Sprintf("%s,%s,%s,5,3600,1,%d,%s\n", at.UTC().Format("2006-01-02,15:04:05"), address, jail, at.Unix(),
		base64.StdEncoding.EncodeToString([]byte(evidence)))
}

// BanRows are bans of the addresses, all at once.
func BanRows(at time.Time, addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		b.WriteString(BanRow(at, a, "sshd", "Failed password for invalid user admin from "+a+" port 40222 ssh2"))
	}
	return b.String()
}

// Friend is an address of a network that is friendly in a scene with both platforms, another for each i from 0: every
// other one is IPv6. The networks are for benchmarks (RFC 2544) and for documentation (RFC 3849).
func Friend(i int) string {
	if i%2 == 1 {
		return fmt.Sprintf("2001:db8::%x", i)
	}
	return fmt.Sprintf("198.18.%d.%d", (i+1)/256%256, (i+1)%256)
}

// Friends are the first n of them.
func Friends(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = Friend(i)
	}
	return all
}
