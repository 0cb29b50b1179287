// Package acttest is for tests of whatever takes requests to act: it makes up those that must reach nothing.
package acttest

import (
	"math/rand/v2"
	"strings"
)

// Arguments are in place of an address or a jail what no Fail2Ban may ever see.
var Arguments = []string{
	"-x", "--all", "-c/tmp", "203.0.113.7;id", "$(id)", "`id`", "203.0.113.7\nset", "203.0.113.7\r", "\x00", "", " ",
	"203.0.113.0/23", "0.0.0.0/0", "::/0", "2001:db8::/32", "fe80::1%eth0", "::ffff:203.0.113.0/120", "<ip>", "%s%n",
	"203.0.113.7,203.0.113.8", "0203.0.113.7", "203.0.113", "'203.0.113.7'", "\"sshd\"", "ss'hd", "sshd|", "../sshd",
	"logtarget", "dbfile", "loglevel", "*", "sshd\t", "=1+1", "\u202e7.311.0.302", "２０３.0.113.7", "host_example_org",
	"\x1b[31m", "sshd&&id", "sshd>x", "\\", "203.0.113.7/33",
	strings.Repeat("a", 10<<10), strings.Repeat("203.0.113.7", 1000),
}

// Words are an argument in the place of each of a request's, so that none of the requests may be carried out.
func Words(r *rand.Rand) []string {
	bad := func() string { return Arguments[r.IntN(len(Arguments))] }
	switch r.IntN(8) {
	case 0:
		return []string{"unban", "sshd", bad()}
	case 1:
		return []string{"unban", bad(), "203.0.113.7"}
	case 2:
		return []string{bad(), bad()}
	case 3:
		return []string{"unban", "sshd", "203.0.113.7", bad()}
	case 4:
		return []string{"trust", bad(), "30d"}
	case 5:
		return []string{"trust", "203.0.113.7", bad()}
	case 6:
		return []string{"rules", bad()}
	}
	return []string{"untrust", bad()}
}
