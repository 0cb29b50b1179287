package store

import "testing"

func TestQuotedWordsCanBePasted(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/friendlyfire/token": "/etc/friendlyfire/token",
		"/etc/my token":           "'/etc/my token'",
		"it's; rm -rf $HOME":      `'it'\''s; rm -rf $HOME'`,
		"-R":                      "'-R'",
	} {
		if got := ShellQuote(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
