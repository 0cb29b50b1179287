package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/config"
)

// minimal is a configuration without platforms.
const minimal = "friendly = []\n[[source]]\nname = \"a\"\npath = \"b\"\n"

// paired are the entries that come from pairing with both platforms.
var paired = []config.Entry{
	{Section: "telegram", Key: "chats", ID: "-1001234567890/45", Bare: true},
	{Section: "telegram", Key: "users", ID: "7", Bare: true},
	{Section: "discord", Key: "channels", ID: "300000000000000001"},
	{Section: "discord", Key: "users", ID: "400000000000000001"},
	{Section: "discord", Key: "guild", ID: "200000000000000001", Only: true},
}

// writeInto writes the entries into a file.
func writeInto(path string, entries []config.Entry) error {
	l := loader
	l.File = path
	return l.Write(entries)
}

// tokens sets tokens, without which there can be no chats.
func tokens(t *testing.T) {
	t.Helper()
	t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", "7000000001:CANARY-telegram_token-0123456789abc")
	t.Setenv("FRIENDLYFIRE_DISCORD_TOKEN", "MTAwMDAwMDAwMDAwMDAwMDAwMQ.CANARY.discord-CANARY_token-0123456789abcdef")
}

// writtenIntoShipped are the lines of the shipped configuration that change.
const writtenIntoShipped = `
-chats = []                        # [-1001234567890, "-1001234567890/45"]: groups, people, a topic of a group
-users = []                        # [123456789]: who may command, in these chats; nobody else is answered
+chats = ["-1001234567890/45"]     # [-1001234567890, "-1001234567890/45"]: groups, people, a topic of a group
+users = [7]                       # [123456789]: who may command, in these chats; nobody else is answered
-channels = []                     # ["112233445566778899"]
-users = []                        # ["223344556677889900"]: who may command, in these channels
-guild = ""                        # "334455667788990011": the server where the slash commands are registered
+channels = ["300000000000000001"] # ["112233445566778899"]
+users = ["400000000000000001"]    # ["223344556677889900"]: who may command, in these channels
+guild = "200000000000000001"      # "334455667788990011": the server where the slash commands are registered
`

// inWindows returns the text with the line ends of Windows.
func inWindows(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

func TestWriteKeepsEverythingElseByteForByte(t *testing.T) {
	tokens(t)
	for name, test := range map[string]struct{ before, want string }{
		"shipped": {string(shipped), strings.TrimPrefix(writtenIntoShipped, "\n")},
		"no sections": {minimal, `+
+[telegram]
+chats = ["-1001234567890/45"]
+users = [7]
+
+[discord]
+channels = ["300000000000000001"]
+users = ["400000000000000001"]
+guild = "200000000000000001"
`},
		"no newline at the end, and a byte order mark": {"\ufeff" + minimal + `[telegram]
users = [8]
[discord]`, `-users = [8]
+chats = ["-1001234567890/45"]
+users = [8, 7]
+channels = ["300000000000000001"]
+users = ["400000000000000001"]
+guild = "200000000000000001"
`},
		"one of several": {minimal + `[discord]
guild = '200000000000000001' # ours
channels = [
  "300000000000000002", # ops
]
users = [ "400000000000000001" , ]
[telegram] # x
chats=[-1001,-1002] # old
users = [ # none
]
`, `-  "300000000000000002", # ops
+  "300000000000000002", "300000000000000001", # ops
-chats=[-1001,-1002] # old
+chats=[-1001,-1002, "-1001234567890/45"] # old
-]
+7]
`},
		"windows": {inWindows(minimal + `[telegram]
[discord]
channels = []
`), inWindows(`+chats = ["-1001234567890/45"]
+users = [7]
-channels = []
+users = ["400000000000000001"]
+guild = "200000000000000001"
+channels = ["300000000000000001"]
`)},
		"a list within the sources": {minimal + `[[source]]
name = "[telegram] chats = []" # [telegram]
path = '''
[telegram]
chats = []'''
`, `+
+[telegram]
+chats = ["-1001234567890/45"]
+users = [7]
+
+[discord]
+channels = ["300000000000000001"]
+users = ["400000000000000001"]
+guild = "200000000000000001"
`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte(test.before), 0o640); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing to change
				for _, entries := range [][]config.Entry{paired[:2], paired[2:]} {
					if err := writeInto(path, entries); err != nil {
						t.Fatal(err)
					}
				}
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, harness.Changed(test.before, string(after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteKeepsModeOwnerAndLink(t *testing.T) {
	tokens(t)
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real.toml"), filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, shipped, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	owner := os.Getuid()
	if owner == 0 {
		owner = 12345
		if err := os.Chown(file, owner, 12346); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real.toml", link); err != nil {
		t.Fatal(err)
	}
	if err := writeInto(link, paired); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); to != "real.toml" || err != nil {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); info.Mode() != 0o640 || int(st.Uid) != owner {
		t.Errorf("mode %v of user %d, want 0640 of %d", info.Mode(), st.Uid, owner)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v beside the two files, %v", entries, err)
	}
}

func TestWriteRefusesWhatWouldBeWrong(t *testing.T) {
	tokens(t)
	for name, test := range map[string]struct{ text, want string }{
		"table in a line":   {"telegram = { users = [8] }\n" + minimal, "stays as it is"},
		"dotted":            {"telegram.users = [8]\n" + minimal, "stays as it is"},
		"edited meanwhile":  {minimal + "[telegram]\nchats = 7", "telegram.chats: expected a list"},
		"broken meanwhile":  {minimal + "[telegram", "is no TOML"},
		"of another server": {minimal + "[discord]\nguild = \"200000000000000002\"\n", "discord.guild"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := writeInto(path, paired)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("Write = %v, want %q in it", err, test.want)
			}
			if after, err := os.ReadFile(path); string(after) != test.text || err != nil {
				t.Errorf("the file has changed (%v):\n%s", err, after)
			}
		})
	}
	if err := writeInto(filepath.Join(t.TempDir(), "none.toml"), paired); err == nil {
		t.Error("a file was made")
	}
}

func TestWriteBeginsWithTheShippedConfiguration(t *testing.T) {
	tokens(t)
	t.Chdir(t.TempDir())
	if err := writeInto("", paired); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(config.DefaultFile)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(harness.Changed(string(shipped), string(after)), "\n"); n != 10 {
		t.Errorf("%d lines differ, want 5 and 5", n)
	}
}

func TestLinesToPasteAreMergedAndRight(t *testing.T) {
	tokens(t)
	c, err := loader.Parse("config.toml", []byte(minimal+"[telegram]\nchats = [-1001]\nusers = [7]"), config.ToPair)
	if err != nil {
		t.Fatal(err)
	}
	want := `[telegram]
chats = [-1001, "-1001234567890/45"]
users = [7]
[discord]
channels = ["300000000000000001"]
users = ["400000000000000001"]
guild = "200000000000000001"
`
	got := c.Lines(paired)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := loader.Parse("config.toml", []byte(minimal+got), config.ToRun)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range paired {
		if !slices.Equal(again.Held(e), c.With(e)) {
			t.Errorf("%s.%s = %q, want %q", e.Section, e.Key, again.Held(e), c.With(e))
		}
	}
}

// FuzzSplice looks for files in which splice loses or changes what they say, or does not write the entry, unnoticed.
func FuzzSplice(f *testing.F) {
	f.Add("[telegram]\nchats = [1, # a\n 2]\n")
	f.Add("[telegram]\r\nchats = [ ] # [telegram]\r\nusers = [1,]")
	f.Add("telegram.chats = []\n[discord]\nguild='' # x")
	f.Add("\ufeff[ 'telegram' ]\n\"chats\" = [\"-1/2\"]#")
	f.Add("[[telegram]]\nchats = []\n[telegram.users]\nusers = [1, [2]]")
	parse := func(doc []byte) map[string]string { return config.Flat(doc, sections()) }
	f.Fuzz(func(t *testing.T, text string) {
		before := parse([]byte(text))
		if before == nil {
			return
		}
		for _, e := range paired {
			doc := config.Splice([]byte(text), e)
			after := parse(doc)
			if after == nil || string(doc) == text {
				continue // refused by Write
			}
			name := e.Section + "." + e.Key
			for key, value := range before {
				if after[key] != value && (!e.Only || key != name) {
					t.Errorf("%q became %q: %s was %s, is %s", text, doc, key, value, after[key])
				}
			}
			found := e.Only && strings.HasSuffix(after[name], " "+e.ID)
			for key, value := range after {
				found = found || strings.HasPrefix(key, name+"[") && strings.HasSuffix(value, " "+e.ID)
			}
			if !found {
				t.Errorf("%q became %q: %s is not in %s", text, doc, e.ID, name)
			}
		}
	})
}
