package stream

import (
	"strings"
	"testing"
)

func TestASubjectIsOfOneServer(t *testing.T) {
	for server, want := range map[string]string{
		"web1":            "bans.web1",
		"web1.example":    "bans.web1.example",
		"a-b_C9":          "bans.a-b_C9",
		"Keller links":    "bans.Keller%20links",
		"*":               "bans.%2A",
		"web1.>":          "bans.web1.%3E",
		".a..b.":          "bans.%2Ea.%2Eb%2E",
		"100%":            "bans.100%25",
		"büro":            "bans.b%C3%BCro",
		"web1\r\nPUB x 1": "bans.web1%0D%0APUB%20x%201",
	} {
		if got := Subject(server); got != want {
			t.Errorf("Subject(%q) is %q, want %q", server, got, want)
		}
	}
	for _, of := range []string{
		"", "bans", "bans.", "other.web1", "bans.%", "bans.%2", "bans.%zz", "bans.%77eb1", "bans.%2a", "bans.a b", "bans.a..b",
		"bans." + strings.Repeat("x", MaxName+1),
	} {
		if server, ok := ServerOf(of); ok {
			t.Errorf("%q is taken for the subject of %q", of, server)
		}
	}
}

// FuzzSubjects looks for two servers of one subject, and for a name that is part of the protocol.
func FuzzSubjects(f *testing.F) {
	for _, name := range []string{"web1", "a.b", "büro", "%41", "\xff", "a b\r\n*>"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > MaxName {
			return
		}
		subject := Subject(name)
		if got, ok := ServerOf(subject); name != "" && (!ok || got != name) {
			t.Errorf("%q has the subject %q, which is of %q (%v)", name, subject, got, ok)
		}
		if strings.ContainsAny(subject, " \t\r\n*>") || strings.Contains(subject, "..") {
			t.Errorf("%q has the subject %q", name, subject)
		}
		if got, ok := ServerOf(name); ok && Subject(got) != name {
			t.Errorf("%q is the subject of %q, whose is %q", name, got, Subject(got))
		}
	})
}
