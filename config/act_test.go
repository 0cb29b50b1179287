package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/config"
)

func TestWhoActsIsRead(t *testing.T) {
	noTokens(t)
	const file = "friendly = []\n[[source]]\nname = \"a\"\npath = \"/nowhere/a\"\n"
	for text, want := range map[string]string{
		file: "", file + "act = \"none\"\n[act]\nsocket = \"/run/x\"\n": "",
		file + "[act]\nsocket = \"/run/x\"\n":                               config.ActLocal,
		file + "act = \"\"\n[act]\nsocket = \"/run/x\"\n":                   config.ActLocal,
		file + "act = \"local\"\n[act]\nsocket = \"/run/x\"\nusers = [7]\n": config.ActLocal,
	} {
		c, err := loader.Parse("config.toml", []byte(text), config.ToAsk)
		if err != nil || c.Sources[0].Act != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		file + "act = \"local\"\n":                              "source[1].act: needs act.socket",
		file + "act = \"ssh://web2\"\n":                         "source[1].act: expected ssh://user@host:22",
		file + "act = \"ssh://a:b@web2\"\n":                     "source[1].act: expected ssh://user@host:22",
		file + "act = \"ssh://a@web2:99999\"\n":                 "source[1].act: expected a port",
		file + "act = \"ssh://a@web2\"\n":                       "source[1].act_key_file: is missing",
		file + "act = \"ssh://a@web2\"\nact_key_file = \"k\"\n": "source[1].known_hosts: is missing",
		file + "act_key_file = \"k\"\n":                         "source[1].act_key_file: has no effect",
		file + "act = \"root@web\"\n":                           "source[1].act: expected",
		file + "[act]\nsocket = \"act.sock\"\n":                 "act.socket: expected an absolute path",
		file + "[act]\nusers = [7]\n":                           "act.users: has no effect without act.socket",
		file + "[act]\nsocket = 7\n":                            "act.socket: expected text",
		file + "[act]\nsokcet = \"/run/x\"\n":                   "act.sokcet",
	} {
		if got := mistakes(t, text, config.ToAsk); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", text, got, want)
		}
	}
}

func TestTheKeyThatActsIsNoOthers(t *testing.T) {
	noTokens(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"sftp": "one", "copy": "one", "own": "two", "open": "three", "hosts": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(os.Chmod(filepath.Join(dir, "open"), 0o644), os.Symlink("sftp", filepath.Join(dir, "link")))
	if err != nil {
		t.Fatal(err)
	}
	const same = "is the key of source[1].key_file as well"
	for key, want := range map[string]string{
		"own": "", "sftp": same, "copy": same, "link": same, "open": "others may read it",
	} {
		got := mistakes(t, strings.ReplaceAll(`friendly = []
[[source]]
name = "web2"
sftp = "f@web2:22/var/bans.csv"
key_file = "$DIR/sftp"
known_hosts = "$DIR/hosts"
act = "ssh://friendlyfire-act@web2:22"
act_key_file = "$DIR/`+key+`"
`, "$DIR", dir), config.ToRun)
		if !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestTheSecretOfCodesIsReadAndNotShown(t *testing.T) {
	noTokens(t)
	dir := t.TempDir()
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DP"
	for name, text := range map[string]string{"good": secret + "\n", "short": "JBSWY3DP", "words": "not a secret at all"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const wrong = "does not hold a secret in base32"
	for name, want := range map[string]string{"good": "", "short": wrong, "words": wrong, "none": "cannot be read"} {
		c, err := loader.Parse("config.toml", fmt.Appendf(nil, `friendly = []
[[source]]
name = "a"
path = "/nowhere/a"
[act]
socket = "/run/x"
totp_file = %q
`, filepath.Join(dir, name)), config.ToRun)
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", name, err, want)
		case want == "" && (err != nil || c.Act.TOTP.Reveal() != secret):
			t.Errorf("%s: %v", name, err)
		case want == "" && strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), secret):
			t.Error("the secret is shown")
		}
	}
}
