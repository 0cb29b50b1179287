package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// unpaired is a configuration with tokens and no chat, as a new user has it.
const unpaired = `# Mine.
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
[telegram]
chats = []    # nobody yet
users = [8]   # Alex
api = "$TELEGRAM"
[discord]
api = "$DISCORD"
`

// unpairedScene is such a scene, and the two platforms.
func unpairedScene(t *testing.T) (*scene, platforms) {
	t.Helper()
	both := platforms{telegramtest.Start(t), discordtest.Start(t)}
	both.telegram.SetChat(telegramtest.Chat{ID: -1001234567890, Title: "Ops"})
	s := newScene(t, strings.NewReplacer("$TELEGRAM", both.telegram.URL(), "$DISCORD", both.discord.URL()).Replace(unpaired))
	s.env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	return s, both
}

var codeShown = regexp.MustCompile(`(?m)^    (\d{6})$`)

// code waits for the code and returns it.
func (d *dialogue) code() string {
	d.t.Helper()
	d.await("Then confirm here.")
	m := codeShown.FindStringSubmatch(d.String())
	if m == nil {
		d.t.Fatal("no code is shown")
	}
	return m[1]
}

// Two pairings, one after the other, lead to a configuration that the bot takes and check finds in order.
func TestPairBothPlatformsAndWrite(t *testing.T) {
	s, both := unpairedScene(t)
	before := s.read()

	d := s.dialogue("pair", "telegram", "--write")
	code := d.code()
	d.typed("y\n") // too early to be an answer
	both.telegram.Say(-1001234567890, 45, 9, "/pair@"+telegramtest.BotName+" 00000")
	d.await("A wrong code came from User 9 (user 9) in “Ops” (chat -1001234567890, topic 45) (1 of 5).")
	both.telegram.Say(-1001234567890, 45, 7, "/pair@"+telegramtest.BotName+" "+code)
	d.await("The code came from User 7 (user 7) in “Ops” (chat -1001234567890, topic 45).\nShall the bot obey this person, and post its alerts there? [y/N] ")
	if len(both.telegram.Messages()) != 0 || s.read() != before {
		t.Error("something happened before the confirmation")
	}
	d.typed("y\n")
	telegram := d.end()
	shown := d.String()

	d = s.dialogue("pair", "discord", "--write")
	code = d.code()
	both.discord.Say(discordtest.Ask{Guild: discordtest.Guild, Channel: discordtest.Channel, User: discordtest.Stranger}, discordtest.Mention+" 00-00-00")
	d.await("(1 of 5)")
	both.discord.Say(discordtest.Admin, discordtest.Mention+" "+code)
	d.await("The code came from Some Body @somebody (user " + discordtest.User + ") in “#alerts of Example” (chat " + discordtest.Channel + ").")
	d.typed("YES\n")
	if discord := d.end(); telegram != 0 || discord != 0 {
		t.Errorf("ended with %d and %d", telegram, discord)
	}
	shown += d.String()
	for _, want := range []string{
		"    [telegram]\n    chats = [\"-1001234567890/45\"]\n    users = [8, 7]\n",
		"    [discord]\n    channels = [\"300000000000000001\"]\n    users = [\"400000000000000001\"]\n    guild = \"200000000000000001\"\n",
		"    friendlyfire --config " + s.config + " check --send\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if strings.Contains(shown, "CANARY") || strings.Contains(s.read(), "CANARY") {
		t.Error("a token is shown")
	}
	want := `-chats = []    # nobody yet
-users = [8]   # Alex
+chats = ["-1001234567890/45"] # nobody yet
+users = [8, 7] # Alex
+channels = ["300000000000000001"]
+users = ["400000000000000001"]
+guild = "200000000000000001"
`
	if diff := cmp.Diff(want, changed(before, s.read())); diff != "" {
		t.Error(diff)
	}
	if m := both.telegram.Messages(); len(m) != 1 || m[0].Chat != -1001234567890 || m[0].Thread != 45 || !strings.HasPrefix(m[0].Text, "Paired.") {
		t.Errorf("Telegram was told %+v, want it once in the topic", m)
	}
	if m := both.discord.Messages(); len(m) != 1 || m[0].Channel != discordtest.Channel {
		t.Errorf("Discord was told %+v, want it once", m)
	}

	out, stderr, code2 := s.run("check", "--send")
	if code2 != 0 || !strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("check ends with %d: %s%s", code2, out, stderr)
	}
	p := s.start()
	both.discord.AwaitListening(t)
	p.stop()
}

func TestPairPrintsTheLinesAndChangesNothing(t *testing.T) {
	s, both := unpairedScene(t)
	before := s.read()
	d := s.dialogue("pair", "telegram")
	both.telegram.Say(7, 0, 7, "/start "+d.code())
	d.await("[y/N] ")
	d.typed("y\n")
	if code := d.end(); code != 0 || !strings.Contains(d.String(), "    [telegram]\n    chats = [7]\n    users = [8, 7]\n") {
		t.Errorf("ended with %d", code)
	}
	if s.read() != before {
		t.Error("the configuration has changed")
	}
}

func TestPairRefused(t *testing.T) {
	for name, test := range map[string]struct {
		act  func(t *testing.T, s *scene, d *dialogue, both platforms)
		says string
	}{
		"by a no":         {func(_ *testing.T, _ *scene, d *dialogue, _ platforms) { d.typed("n\n") }, "nobody was let in and nothing is changed"},
		"by silence":      {func(_ *testing.T, _ *scene, d *dialogue, _ platforms) { d.typed("\n") }, "nobody was let in and nothing is changed"},
		"by end of input": {func(_ *testing.T, _ *scene, d *dialogue, _ platforms) { d.typed("\x04") }, "nobody was let in and nothing is changed"},
		"by Ctrl-C":       {func(_ *testing.T, _ *scene, d *dialogue, _ platforms) { d.typed("\x03") }, "nobody was let in and nothing is changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := unpairedScene(t)
			before := s.read()
			d := s.dialogue("pair", "telegram", "--write")
			both.telegram.Say(7, 0, 7, d.code())
			d.await("[y/N] ")
			test.act(t, s, d, both)
			if code := d.end(); code != 1 || !strings.Contains(d.String(), test.says) {
				t.Errorf("ended with %d, want 1 and %q", code, test.says)
			}
			if s.read() != before || len(both.telegram.Messages()) != 0 {
				t.Error("something has changed, or somebody was told")
			}
		})
	}
}

func TestPairGivesUpInClearWords(t *testing.T) {
	for name, test := range map[string]struct {
		platform string
		env      []string
		before   func(t *testing.T, s *scene, both platforms)
		during   func(both platforms, d *dialogue)
		code     int
		says     string
	}{
		"five wrong codes": {
			"telegram", nil, nil,
			func(both platforms, d *dialogue) {
				code := d.code()
				for range 5 {
					both.telegram.Say(9, 0, 9, "/pair 0")
				}
				both.telegram.Say(7, 0, 7, code)
			}, 1, "5 wrong codes, so the right one is void",
		},
		"another bot polls": {
			"telegram", nil, nil,
			func(both platforms, d *dialogue) {
				d.code()
				both.telegram.Fail("getUpdates", telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request"))
				both.telegram.Say(9, 0, 9, "x") // ends the poll
			}, 1, "a bot is running. Stop it (systemctl stop friendlyfire",
		},
		"the bot runs": {
			"discord", nil, func(t *testing.T, s *scene, _ platforms) {
				t.Helper()
				unlock, err := lock(s.dir + "/friendlyfire.db")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(unlock)
			}, nil, 1, "the bot is running",
		},
		"no token":  {"telegram", []string{"FRIENDLYFIRE_TELEGRAM_TOKEN="}, nil, nil, 78, "telegram.token_file: there is no token to pair with. Send /newbot to @BotFather"},
		"bad token": {"telegram", []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=7:CANARY-another-token-0123456789"}, nil, nil, 1, "getMe: status 401: Unauthorized\nIf the token is refused (401), ask @BotFather for a new one: /token."},
		"token of Discord refused": {
			"discord", nil, func(_ *testing.T, _ *scene, both platforms) {
				both.discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: 4004} })
			}, nil, 1, "Discord does not let the bot in: gateway: websocket: close 4004: scripted\nIf the token is refused",
		},
		"another server": {
			"discord", nil, func(t *testing.T, s *scene, _ platforms) {
				t.Helper()
				if err := os.WriteFile(s.config, []byte(s.read()+"guild = \"200000000000000002\"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}, func(both platforms, d *dialogue) {
				both.discord.Say(discordtest.Admin, discordtest.Mention+d.code())
			}, 1, "discord.guild is 200000000000000002",
		},
		"Ctrl-C": {"discord", nil, nil, func(_ platforms, d *dialogue) { d.code(); d.typed("\x03") }, 1, "given up; nothing is changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := unpairedScene(t)
			s.env = append(s.env, test.env...)
			if test.before != nil {
				test.before(t, s, both)
			}
			before := s.read()
			d := s.dialogue("pair", test.platform, "--write")
			if test.during != nil {
				test.during(both, d)
			}
			if code := d.end(); code != test.code || !strings.Contains(d.String(), test.says) || strings.Contains(d.String(), "CANARY") {
				t.Errorf("ended with %d, want %d and %q", code, test.code, test.says)
			}
			if s.read() != before || len(both.telegram.Messages())+len(both.discord.Messages()) != 0 {
				t.Error("something has changed, or somebody was told")
			}
		})
	}
}

// A file that root makes is for whom its directory belongs to.
func TestRootMakesTheDatabaseForItsOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make files for others")
	}
	s, both := unpairedScene(t)
	if err := os.Chown(s.dir, 12345, 12346); err != nil {
		t.Fatal(err)
	}
	d := s.dialogue("pair", "discord")
	both.discord.Say(discordtest.Admin, discordtest.Mention+d.code())
	d.await("[y/N] ")
	d.typed("y\n")
	d.end()
	if !strings.Contains(d.String(), "    sudo -u 12345 friendlyfire --config ") {
		t.Error("the next command is not one for the directory's owner")
	}
	if _, stderr, code := s.run("report", "--json"); code != 0 { // takes the lock as well
		t.Fatal(stderr)
	}
	for _, name := range []string{"friendlyfire.db", "friendlyfire.db.lock"} {
		var st syscall.Stat_t
		if err := syscall.Stat(s.dir+"/"+name, &st); err != nil || fmt.Sprint(st.Uid, " ", st.Gid) != "12345 12346" {
			t.Errorf("%s belongs to %d:%d, %v", name, st.Uid, st.Gid, err)
		}
	}
}

func TestPairPrintsTheLinesWhereItMayNotWrite(t *testing.T) {
	s, both := unpairedScene(t)
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	d := s.dialogue("pair", "telegram", "--write")
	both.telegram.Say(7, 0, 7, d.code())
	d.await("[y/N] ")
	if err := os.Chmod(s.dir, 0o500); err != nil {
		t.Fatal(err)
	}
	d.typed("y\n")
	if code := d.end(); code != 1 || !strings.Contains(d.String(), "These are the lines:\n\n    [telegram]\n    chats = [7]\n    users = [8, 7]\n") ||
		!strings.Contains(d.String(), "permission denied. Paste them") {
		t.Errorf("ended with %d", code)
	}
	if err := os.Chmod(s.dir, 0o700); err != nil { // for the clean-up
		t.Fatal(err)
	}
}
