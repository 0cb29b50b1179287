package config_test

import (
	"strings"
	"testing"

	"friendlyfire/config"
)

// A pattern needs a name by which its files are told apart, and says nothing that could only be of one of them.
func TestPatternsAreChecked(t *testing.T) {
	sftp := `sftp = "bans@relay:22/var/log/remote/*/fail2ban.log"` + "\nkey_file = \"k\"\nknown_hosts = \"h\""
	for name, c := range map[string]struct{ name, rest, mistake string }{
		"a directory":         {"{1}", `path = "/var/log/remote/*/fail2ban.log"`, ""},
		"two stars":           {"{2} ({1})", `path = "/var/log/remote/*/*.log"`, ""},
		"over SFTP":           {"{1}", sftp, ""},
		"with a log":          {"{1}", "path = \"/r/*/bans.csv\"\nlog = \"/r/{1}/fail2ban.log\"", ""},
		"no act":              {"{1}", "path = \"/r/*/bans.csv\"\nact = \"none\"", ""},
		"one name for all":    {"web1", `path = "/r/*/bans.csv"`, "needs {1}, what the star in the path stands for"},
		"a star without use":  {"{1}", `path = "/r/*/*/bans.csv"`, "needs {2} as well"},
		"a star that is not":  {"{2}", `path = "/r/*/bans.csv"`, "has {2}, and the path has 1 of the stars"},
		"star 0":              {"{0}", `path = "/r/*/bans.csv"`, "has {0}"},
		"no star":             {"{1}", `path = "/r/web1/bans.csv"`, "has {1}, which is what a star in the path stands for"},
		"many levels":         {"{1}", `path = "/r/**/bans.csv"`, "there is no **"},
		"a log for all":       {"{1}", "path = \"/r/*/bans.csv\"\nlog = \"/var/log/fail2ban.log\"", "log: needs {1}"},
		"acting":              {"{1}", "path = \"/r/*/bans.csv\"\nact = \"ssh://a@{1}:22\"\nknown_hosts = \"h\"\nact_key_file = \"k\"", "[[source]] of its own"},
		"a name that is none": {"{1}\\u0007", `path = "/r/*/bans.csv"`, "printable"},
		"the same path again": {"{1}", "path = \"/r/*/bans.csv\"\n[[source]]\nname = \"x{1}\"\npath = \"/r/*/bans.csv\"", "is the file of source[1]"},
		"logins":              {"{1}", "path = \"/r/*/bans.csv\"\n[[logins]]\nname = \"{1}\"\npath = \"/r/*/auth.log\"", ""},
		"logins of one name":  {"{1}", "path = \"/r/*/bans.csv\"\n[[logins]]\nname = \"w\"\npath = \"/r/*/auth.log\"", "logins[1].name: needs {1}"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "friendly = []\n[[source]]\nname = \"" + c.name + "\"\n" + c.rest + "\n"
			_, err := config.Loader{File: writeFile(t, text, 0o600)}.Load(config.ToAsk)
			switch {
			case c.mistake == "" && err != nil:
				t.Error(err)
			case c.mistake != "" && (err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "source[1].", ""), c.mistake)):
				t.Errorf("error %v, want %q", err, c.mistake)
			}
		})
	}
}

// What a star stands for becomes a name as strict as those that are typed, and a mistake quotes it escaped.
func TestNamesOfMatchesAreChecked(t *testing.T) {
	s := config.NewSource()
	s.Name, s.Path, s.Log = "{1} in {2}", "/r/*/*/bans.csv", "/r/{1}/{2}/fail2ban.log"
	one, err := s.Matched("/r/web1/ams/bans.csv", []string{"web1", "ams"})
	if err != nil || one.Name != "web1 in ams" || one.Path != "/r/web1/ams/bans.csv" || one.Log != "/r/web1/ams/fail2ban.log" {
		t.Errorf("%+v, error %v", one, err)
	}
	if one, err := s.Matched("/r/{2}/ams/bans.csv", []string{"{2}", "ams"}); err != nil || one.Name != "{2} in ams" {
		t.Errorf("braces in a name are filled in again: %q, error %v", one.Name, err)
	}
	for _, part := range []string{"", " web1", "web\x1b[31m", "web\u202e1", "web\n1", strings.Repeat("x", 40), "\xff\xfe"} {
		s.Name = "{1}"
		if part == strings.Repeat("x", 40) {
			part += "x"
		}
		_, err := s.Matched("/r/x/y/bans.csv", []string{part, "y"})
		if err == nil || strings.ContainsAny(err.Error(), "\x1b\n\u202e") || len(err.Error()) > 300 {
			t.Errorf("%q is taken for a name, or is in the error: %v", part, err)
		}
	}
}
