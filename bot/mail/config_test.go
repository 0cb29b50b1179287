package mail

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/config"
)

func TestSectionIsChecked(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, open := write("password", bottest.Canary+" word\n", 0o600), write("open", bottest.Canary, 0o644)
	long, empty := write("long", bottest.Canary+"\nmore", 0o600), write("empty", "\n", 0o600)
	const server, from, to = "server = \"mail.example.org:587\"\n", "from = \"a@example.org\"\n", "to = [\"b@example.org\"]\n"
	password := "password_file = \"" + good + "\"\n"
	all := server + from + to + password
	without := func(part string) string { return strings.Replace(all, part, "", 1) }
	with := func(part, text string) string { return strings.Replace(all, part, text+"\n", 1) }
	for name, test := range map[string]struct{ section, want string }{
		"good":                        {all, ""},
		"not used":                    {"", ""},
		"this machine needs no login": {"server = \"localhost:25\"\n" + from + to, ""},
		"a name before the address":   {with(from, `from = "Ban bot <a@example.org>"`), ""},
		"no server":                   {without(server), "mail.server: is missing"},
		"no from":                     {without(from), "mail.from: is missing"},
		"no password":                 {without(password), "mail.password_file: is missing: only a server on this machine"},
		"open to others":              {with(password, `password_file = "`+open+`"`), "mail.password_file: others may read it"},
		"two lines":                   {with(password, `password_file = "`+long+`"`), "mail.password_file: holds more than one"},
		"an empty file":               {with(password, `password_file = "`+empty+`"`), "mail.password_file: the file is empty"},
		"no file":                     {with(password, `password_file = "/nowhere"`), "mail.password_file: cannot be read"},
		"the password itself":         {all + `password = "` + bottest.Canary + `"`, "mail.password: a secret never stands"},
		"a name in to":                {with(to, `to = ["B <b@example.org>"]`), "mail.to[1]: expected a bare address"},
		"twice":                       {with(to, `to = ["b@example.org", "B@example.org"]`), "mail.to[2]: is there already"},
		"another line in to":          {with(to, `to = ["b@example.org\r\nRCPT TO:<c@d>"]`), "mail.to[1]: expected"},
		"no address":                  {with(from, `from = "alerts"`), "mail.from: expected an address"},
		"no server's name":            {with(server, `server = "https://example.org"`), "mail.server: expected a mail server"},
		"a port that is none":         {with(server, `server = "example.org:smtp"`), "mail.server: expected a mail server"},
		"a password in the server": {
			with(server, `server = "smtp://u:`+bottest.Canary+`@example.org"`), "mail.server: expected a mail server",
		},
		"a line break in user": {all + `user = "a\nb"`, "mail.user: holds a character"},
	} {
		t.Run(name, func(t *testing.T) {
			const head = "friendly = [\"BE\"]\n[[source]]\nname = \"a\"\npath = \"a.csv\"\n[mail]\n"
			file := write("config.toml", head+test.section, 0o600)
			section := NewConfig()
			loader := config.Loader{File: file, Sections: func() []config.Section { return []config.Section{section} }}
			_, err := loader.Load(config.ToRun)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			case err != nil && strings.Contains(err.Error(), bottest.Canary):
				t.Errorf("%v holds the secret", err)
			case err == nil && section.PasswordFile != "" && section.Password.Reveal() != bottest.Canary+" word":
				t.Error("the password is another")
			}
		})
	}
}

func TestServersAndTheirPorts(t *testing.T) {
	for text, want := range map[string]server{
		"mail.example.org":              {"mail.example.org", "587", false},
		"mail.example.org:587":          {"mail.example.org", "587", false},
		"mail.example.org:465":          {"mail.example.org", "465", true},
		"smtp://mail.example.org:465":   {"mail.example.org", "465", false},
		"smtps://mail.example.org":      {"mail.example.org", "465", true},
		"smtps://mail.example.org:2465": {"mail.example.org", "2465", true},
		"localhost:25":                  {"localhost", "25", false},
		"127.0.0.1":                     {"127.0.0.1", "587", false},
		"[2001:db8::1]:587":             {"2001:db8::1", "587", false},
		"2001:db8::1":                   {"2001:db8::1", "587", false},
		"[2001:db8::1]":                 {"2001:db8::1", "587", false},
	} {
		if got, err := parseServer(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", ":587", "mail.example.org:0", "mail.example.org:65536", "a b", "http://mail.example.org", "mail.example.org/x",
		"user@mail.example.org", "mail.example.org\r\nx", "-x", "smtp://", "[::1", "a:b:c",
	} {
		if got, err := parseServer(text); err == nil {
			t.Errorf("%q: %+v, want an error", text, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		mailtest.Admin: true, "root@localhost": true, "a.b+c_d@sub.example.org": true, "o'neill@example.org": true,
		"": false, "a": false, "a@": false, "@b": false, "a b@c": false, "a@b c": false, "a@b>": false, "a@b\r\nx": false,
		".a@b": false, "a..b@c": false, `"a b"@c`: false, "a@[127.0.0.1]": false, "é@b": false, "a@é": false,
		"a@b, c@d": false, "<a@b>": false, strings.Repeat("a", 300) + "@b": false,
	} {
		if isAddress(address) != good {
			t.Errorf("%q: %v, want %v", address, !good, good)
		}
	}
}
