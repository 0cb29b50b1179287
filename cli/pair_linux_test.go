package cli

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
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
func unpairedScene(t *testing.T) (*harness.Scene, harness.Platforms) {
	t.Helper()
	both := harness.OnLoopback(t)
	both.Telegram.SetChat(telegramtest.Chat{ID: -1001234567890, Title: "Ops"})
	s := harness.NewScene(t, strings.NewReplacer("$TELEGRAM", both.Telegram.URL(), "$DISCORD", both.Discord.URL()).Replace(unpaired))
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}
	return s, both
}

// Two pairings, one after the other, lead to a configuration that the bot takes and check finds in order.
func TestPairBothPlatformsAndWrite(t *testing.T) {
	t.Parallel()
	s, both := unpairedScene(t)
	before := s.Read()

	d := s.Dialogue("pair", "telegram", "--write")
	code := d.Code()
	d.Typed("y\n") // too early to be an answer
	both.Telegram.Say(-1001234567890, 45, 9, "/pair@"+telegramtest.BotName+" 00000")
	d.Await("A wrong code came from User 9 (user 9) in “Ops” (chat -1001234567890, topic 45) (1 of 5).")
	both.Telegram.Say(-1001234567890, 45, 7, "/pair@"+telegramtest.BotName+" "+code)
	d.Await("The code came from User 7 (user 7) in “Ops” (chat -1001234567890, topic 45).\nShall the bot obey this person, and post its alerts there? [y/N] ")
	if len(both.Telegram.Messages()) != 0 || s.Read() != before {
		t.Error("something happened before the confirmation")
	}
	d.Typed("y\n")
	telegram := d.End()
	shown := d.String()

	d = s.Dialogue("pair", "discord", "--write")
	code = d.Code()
	both.Discord.Say(discordtest.Ask{Guild: discordtest.Guild, Channel: discordtest.Channel, User: discordtest.Stranger}, discordtest.Mention+" 00-00-00")
	d.Await("(1 of 5)")
	both.Discord.Say(discordtest.Admin, discordtest.Mention+" "+code)
	d.Await("The code came from Some Body @somebody (user " + discordtest.User + ") in “#alerts of Example” (chat " + discordtest.Channel + ").")
	d.Typed("YES\n")
	if discord := d.End(); telegram != 0 || discord != 0 {
		t.Errorf("ended with %d and %d", telegram, discord)
	}
	shown += d.String()
	for _, want := range []string{
		"    [telegram]\n    chats = [\"-1001234567890/45\"]\n    users = [8, 7]\n",
		"    [discord]\n    channels = [\"300000000000000001\"]\n    users = [\"400000000000000001\"]\n    guild = \"200000000000000001\"\n",
		"    friendlyfire --config " + s.Config + " check --send\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if strings.Contains(shown, "CANARY") || strings.Contains(s.Read(), "CANARY") {
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
	if diff := cmp.Diff(want, harness.Changed(before, s.Read())); diff != "" {
		t.Error(diff)
	}
	if m := both.Telegram.Messages(); len(m) != 1 || m[0].Chat != -1001234567890 || m[0].Thread != 45 || !strings.HasPrefix(m[0].Text, "Paired.") {
		t.Errorf("Telegram was told %+v, want it once in the topic", m)
	}
	if m := both.Discord.Messages(); len(m) != 1 || m[0].Channel != discordtest.Channel {
		t.Errorf("Discord was told %+v, want it once", m)
	}

	out, stderr, code2 := s.Run("check", "--send")
	if code2 != 0 || !strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("check ends with %d: %s%s", code2, out, stderr)
	}
	p := s.Start()
	both.Discord.AwaitListening(t)
	p.Stop()
}

func TestPairPrintsTheLinesAndChangesNothing(t *testing.T) {
	s, both := unpairedScene(t)
	before := s.Read()
	d := s.Dialogue("pair", "telegram")
	both.Telegram.Say(7, 0, 7, "/start "+d.Code())
	d.Await("[y/N] ")
	d.Typed("y\n")
	if code := d.End(); code != 0 || !strings.Contains(d.String(), "    [telegram]\n    chats = [7]\n    users = [8, 7]\n") {
		t.Errorf("ended with %d", code)
	}
	if s.Read() != before {
		t.Error("the configuration has changed")
	}
}

func TestPairRefused(t *testing.T) {
	for name, test := range map[string]struct {
		act  func(t *testing.T, s *harness.Scene, d *harness.Dialogue, both harness.Platforms)
		says string
	}{
		"by a no":         {func(_ *testing.T, _ *harness.Scene, d *harness.Dialogue, _ harness.Platforms) { d.Typed("n\n") }, "nobody was let in and nothing is changed"},
		"by silence":      {func(_ *testing.T, _ *harness.Scene, d *harness.Dialogue, _ harness.Platforms) { d.Typed("\n") }, "nobody was let in and nothing is changed"},
		"by end of input": {func(_ *testing.T, _ *harness.Scene, d *harness.Dialogue, _ harness.Platforms) { d.Typed("\x04") }, "nobody was let in and nothing is changed"},
		"by Ctrl-C":       {func(_ *testing.T, _ *harness.Scene, d *harness.Dialogue, _ harness.Platforms) { d.Typed("\x03") }, "nobody was let in and nothing is changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := unpairedScene(t)
			before := s.Read()
			d := s.Dialogue("pair", "telegram", "--write")
			both.Telegram.Say(7, 0, 7, d.Code())
			d.Await("[y/N] ")
			test.act(t, s, d, both)
			if code := d.End(); code != 1 || !strings.Contains(d.String(), test.says) {
				t.Errorf("ended with %d, want 1 and %q", code, test.says)
			}
			if s.Read() != before || len(both.Telegram.Messages()) != 0 {
				t.Error("something has changed, or somebody was told")
			}
		})
	}
}

func TestPairGivesUpInClearWords(t *testing.T) {
	for name, test := range map[string]struct {
		platform string
		env      []string
		before   func(t *testing.T, s *harness.Scene, both harness.Platforms)
		during   func(both harness.Platforms, d *harness.Dialogue)
		code     int
		says     string
	}{
		"five wrong codes": {
			"telegram", nil, nil,
			func(both harness.Platforms, d *harness.Dialogue) {
				code := d.Code()
				for range 5 {
					both.Telegram.Say(9, 0, 9, "/pair 0")
				}
				both.Telegram.Say(7, 0, 7, code)
			}, 1, "5 wrong codes, so the right one is void",
		},
		"another bot polls": {
			"telegram", nil, nil,
			func(both harness.Platforms, d *harness.Dialogue) {
				d.Code()
				both.Telegram.Fail("getUpdates", telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request"))
				both.Telegram.Say(9, 0, 9, "x") // ends the poll
			}, 1, "a bot is running. Stop it (systemctl stop friendlyfire",
		},
		"the bot runs": {
			"discord", nil, func(t *testing.T, s *harness.Scene, _ harness.Platforms) {
				t.Helper()
				unlock, err := app.Lock(s.Dir + "/friendlyfire.db")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(unlock)
			}, nil, 1, "the bot is running",
		},
		"no token":  {"telegram", []string{"FRIENDLYFIRE_TELEGRAM_TOKEN="}, nil, nil, 78, "telegram.token_file: there is no token to pair with. Send /newbot to @BotFather"},
		"bad token": {"telegram", []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=7:CANARY-another-token-0123456789"}, nil, nil, 1, "getMe: status 401: Unauthorized\nIf the token is refused (401), ask @BotFather for a new one: /token."},
		"token of Discord refused": {
			"discord", nil, func(_ *testing.T, _ *harness.Scene, both harness.Platforms) {
				both.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: 4004} })
			}, nil, 1, "Discord does not let the bot in: gateway: websocket: close 4004: scripted\nIf the token is refused",
		},
		"another server": {
			"discord", nil, func(t *testing.T, s *harness.Scene, _ harness.Platforms) {
				t.Helper()
				if err := os.WriteFile(s.Config, []byte(s.Read()+"guild = \"200000000000000002\"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}, func(both harness.Platforms, d *harness.Dialogue) {
				both.Discord.Say(discordtest.Admin, discordtest.Mention+d.Code())
			}, 1, "discord.guild is 200000000000000002",
		},
		"Ctrl-C": {"discord", nil, nil, func(_ harness.Platforms, d *harness.Dialogue) { d.Code(); d.Typed("\x03") }, 1, "given up; nothing is changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := unpairedScene(t)
			s.Env = append(s.Env, test.env...)
			if test.before != nil {
				test.before(t, s, both)
			}
			before := s.Read()
			d := s.Dialogue("pair", test.platform, "--write")
			if test.during != nil {
				test.during(both, d)
			}
			if code := d.End(); code != test.code || !strings.Contains(d.String(), test.says) || strings.Contains(d.String(), "CANARY") {
				t.Errorf("ended with %d, want %d and %q", code, test.code, test.says)
			}
			if s.Read() != before || len(both.Telegram.Messages())+len(both.Discord.Messages()) != 0 {
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
	if err := os.Chown(s.Dir, 12345, 12346); err != nil {
		t.Fatal(err)
	}
	d := s.Dialogue("pair", "discord")
	both.Discord.Say(discordtest.Admin, discordtest.Mention+d.Code())
	d.Await("[y/N] ")
	d.Typed("y\n")
	d.End()
	if !strings.Contains(d.String(), "    sudo -u 12345 friendlyfire --config ") {
		t.Error("the next command is not one for the directory's owner")
	}
	if _, stderr, code := s.Run("report", "--json"); code != 0 { // takes the lock as well
		t.Fatal(stderr)
	}
	for _, name := range []string{"friendlyfire.db", "friendlyfire.db.lock"} {
		var st syscall.Stat_t
		if err := syscall.Stat(s.Dir+"/"+name, &st); err != nil || fmt.Sprint(st.Uid, " ", st.Gid) != "12345 12346" {
			t.Errorf("%s belongs to %d:%d, %v", name, st.Uid, st.Gid, err)
		}
	}
}

func TestPairPrintsTheLinesWhereItMayNotWrite(t *testing.T) {
	s, both := unpairedScene(t)
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	d := s.Dialogue("pair", "telegram", "--write")
	both.Telegram.Say(7, 0, 7, d.Code())
	d.Await("[y/N] ")
	if err := os.Chmod(s.Dir, 0o500); err != nil {
		t.Fatal(err)
	}
	d.Typed("y\n")
	if code := d.End(); code != 1 || !strings.Contains(d.String(), "These are the lines:\n\n    [telegram]\n    chats = [7]\n    users = [8, 7]\n") ||
		!strings.Contains(d.String(), "permission denied. Paste them") {
		t.Errorf("ended with %d", code)
	}
	if err := os.Chmod(s.Dir, 0o700); err != nil { // for the clean-up
		t.Fatal(err)
	}
}
