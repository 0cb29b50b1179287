package ingest

import "testing"

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
