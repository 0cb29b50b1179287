package ingest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// An address is the same in every spelling, and a network keeps its size.
func TestAddressHasOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"81.241.7.9:4242": "81.241.7.9", "[2001:DB8::9]": "2001:db8::9", "[2001:DB8::9]:22": "2001:db8::9",
		"81.241.7.9/32": "81.241.7.9", "2001:DB8::9/128": "2001:db8::9", "::ffff:81.241.7.9/128": "81.241.7.9",
		"81.241.7.9/24": "81.241.7.0/24", "2001:DB8:0::/64": "2001:db8::/64", "::ffff:81.241.7.0/120": "81.241.7.0/24",
		"[81.241.7.9]": "", "81.241.7.9/33": "", "81.241.7": "", "sshd": "", "10:01:01": "", "1795773661": "", ":": "",
	} {
		if got := onlyAddress(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if got := address(text); want == "" && got != text || want != "" && got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// A jail with maxmatches = 20 writes up to twenty lines, two for an attempt: the names that were tried first are in the
// first of them.
func TestNamesThatWereTriedFirstAreKept(t *testing.T) {
	var lines []string
	for i, name := range []string{"root", "admin", "test", "oracle", "ftpuser", "jdupont", "jdupont", "jdupont", "jdupont", "jdupont"} {
		lines = append(lines,
			fmt.Sprintf("Nov 28 15:00:%02d web1 sshd[%d]: Connection from 192.0.2.7 port 22", i, i),
			fmt.Sprintf("Nov 28 15:00:%02d web1 sshd[%d]: Failed password for invalid user %s from 192.0.2.7 port 22 ssh2", i, i, name))
	}
	kept := matches([]byte(base64.StdEncoding.EncodeToString([]byte(strings.Join(lines, "\n")))))
	if !strings.Contains(kept, "invalid user root") || strings.Count(kept, "\n") != len(lines)-1 {
		t.Errorf("kept\n%s", kept)
	}
	more := matches([]byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a line\n", 100)))))
	if n := strings.Count(more, "\n") + 1; n != matchLines {
		t.Errorf("%d lines", n)
	}
}
