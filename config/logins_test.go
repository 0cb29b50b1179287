package config_test

import (
	"testing"
	"time"

	"friendlyfire/config"
)

func TestLoginsAreReadAsSourcesAre(t *testing.T) {
	noTokens(t)
	path := writeFile(t, "", 0o600)
	c, err := loader.Parse("config.toml", []byte(above(`friendly_logins = "30d"`)+`timezone = "Europe/Brussels"
[[logins]]
name = "web1"
path = "`+path+`"
[[logins]]
name = "mail"
sftp = "log@mail/var/log/mail.log"
key_file = "`+path+`"
known_hosts = "`+path+`"
`), config.ToAsk)
	if err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(c.FriendlyLogins); got != 30*24*time.Hour {
		t.Errorf("friendly_logins is %v", got)
	}
	if len(c.Logins) != 2 || c.Logins[0].Path != path || c.Logins[1].SFTP.String() != "log@mail:22/var/log/mail.log" {
		t.Errorf("got %+v", c.Logins)
	}
	// The server's times are in the zone of its source, and others in that of the whole.
	if a, b := c.LoginZone(c.Logins[0]).String(), c.LoginZone(c.Logins[1]).String(); a != "Europe/Brussels" || b != time.Local.String() {
		t.Errorf("zones %s and %s", a, b)
	}
}

func TestMistakesOfLoginsAreNamed(t *testing.T) {
	noTokens(t)
	const one = "[[logins]]\nname = \"web1\"\npath = \"auth.log\"\n"
	const place = `expected one of path and sftp: a file here, or "user@host:22/path/to/file"`
	for name, test := range map[string]struct{ text, want string }{
		"none":         {above(`friendly_logins = "30d"`), "config.toml:1: friendly_logins: needs a [[logins]] with a name and a path: the file where logins are written"},
		"none, off":    {above(`friendly_logins = "0s"`), ""},
		"fine":         {above(`friendly_logins = "36h"`) + one, ""},
		"no duration":  {above(`friendly_logins = "a month"`) + one, `config.toml:1: friendly_logins: "a month" is no duration, such as "12h" or "30d"`},
		"a number":     {above(`friendly_logins = 30`) + one, `config.toml:1: friendly_logins: expected a duration in quotes, such as "30d", found a number`},
		"too short":    {above(`friendly_logins = "5m"`) + one, `config.toml:1: friendly_logins: expected 1h to 365d, or "0s" for none`},
		"too long":     {above(`friendly_logins = "366d"`) + one, `config.toml:1: friendly_logins: expected 1h to 365d, or "0s" for none`},
		"negative":     {above(`friendly_logins = "-1d"`) + one, `config.toml:1: friendly_logins: "-1d" is no duration, such as "12h" or "30d"`},
		"not kept":     {above(`friendly_logins = "30d"`) + one + "[privacy]\nkeep_days = 7\n", "config.toml:1: friendly_logins: is longer than privacy.keep_days, for which logins are kept"},
		"one bracket":  {below("[logins]\nname = \"x\"\npath = \"y\""), `config.toml:5: logins: needs two brackets, [[logins]]: there may be several`},
		"no place":     {below("[[logins]]\nname = \"x\""), "config.toml:5: logins[1].path: " + place},
		"no name":      {below("[[logins]]\npath = \"auth.log\""), "config.toml:5: logins[1].name: expected a name of 1 to 40 printable characters"},
		"unknown":      {below(one + "format = \"log\""), "config.toml:8: logins[1].format: is no key of friendlyfire; \"format\" stands in [source]"},
		"same file":    {below(one + "[[logins]]\nname = \"x\"\npath = \"./auth.log\""), "config.toml:10: logins[2].path: is the file of logins[1] as well"},
		"same name":    {below(one + "[[logins]]\nname = \"web1\"\npath = \"mail.log\""), "config.toml:9: logins[2].name: is the name of logins[1] as well"},
		"key, no sftp": {below(one + "key_file = \"x\""), "config.toml:8: logins[1].key_file: is for sftp, and this source is a file here"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, test.text, config.ToAsk); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
