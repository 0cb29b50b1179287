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

// Two sources of one file would count each ban twice, whatever the file is called: they are refused.
func TestR33OneFileIsOneSource(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bans.csv")
	for _, err := range []error{
		os.WriteFile(file, []byte("DATE,TIME,IP_ADDRESS\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "other.csv"), nil, 0o600),
		os.Symlink(file, filepath.Join(dir, "symlink.csv")),
		os.Symlink("symlink.csv", filepath.Join(dir, "second.csv")),
		os.Symlink(dir, filepath.Join(dir, "here")),
		os.Link(file, filepath.Join(dir, "hardlink.csv")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	remote := func(host, path string) string {
		return fmt.Sprintf("sftp = %q\nkey_file = \"k\"\nknown_hosts = \"h\"", "bans@"+host+path)
	}
	local := func(path string) string { return fmt.Sprintf("path = %q", path) }
	for name, c := range map[string]struct {
		first, second string
		same          bool
	}{
		"the same path":               {local(file), local(file), true},
		"another spelling":            {local(file), local(dir + "/x/.././bans.csv"), true},
		"a symbolic link":             {local(file), local(dir + "/symlink.csv"), true},
		"a link to a link":            {local(dir + "/second.csv"), local(dir + "/symlink.csv"), true},
		"a link to its folder":        {local(file), local(dir + "/here/here/bans.csv"), true},
		"a hard link":                 {local(file), local(dir + "/hardlink.csv"), true},
		"a file to come":              {local(dir + "/later.csv"), local(dir + "/here/later.csv"), true},
		"two files":                   {local(file), local(dir + "/other.csv"), false},
		"two files to come":           {local(dir + "/later.csv"), local(dir + "/later2.csv"), false},
		"one file of a host":          {remote("web2", "/bans.csv"), remote("WEB2:22", "/./bans.csv"), true},
		"two files of a host":         {remote("web2", "/bans.csv"), remote("web2", "/bans2.csv"), false},
		"two hosts":                   {remote("web2", "/bans.csv"), remote("web3", "/bans.csv"), false},
		"another port":                {remote("web2", "/bans.csv"), remote("web2:23", "/bans.csv"), false},
		"here and on another machine": {local(file), remote("web2", file), false},
	} {
		t.Run(name, func(t *testing.T) {
			text := "friendly = []\n[[source]]\nname = \"web1\"\n" + c.first + "\n[[source]]\nname = \"web2\"\n" + c.second + "\n"
			_, err := config.Loader{File: writeFile(t, text, 0o600)}.Load(config.ToAsk)
			_, wrong := errors.AsType[*config.Error](err)
			if wrong != c.same || wrong && !strings.Contains(err.Error(), "is the file of source[1] as well") {
				t.Errorf("error %v, want one: %t", err, c.same)
			}
		})
	}
}
