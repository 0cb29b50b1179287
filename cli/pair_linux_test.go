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

// unpaired is the configuration of a new user, who has tokens in the environment and no chat yet.
const unpaired = "# Mine." + harness.TableOnly + `[telegram]
chats = []    # nobody yet
users = [8]   # Alex
api = "$TELEGRAM"
[discord]
api = "$DISCORD"
`

// newUnpairedScene is a scene with this configuration, and its platforms.
func newUnpairedScene(t *testing.T) (*harness.Scene, harness.Platforms) {
	t.Helper()
	both := harness.OnLoopback(t)
	both.Telegram.SetChat(telegramtest.Chat{ID: -1001234567890, Title: "Ops", Topics: true})
	both.Telegram.SetTopic(-1001234567890, 45, false)
	s := harness.NewScene(t, unpaired, both.Addresses())
	s.Env = harness.TokensInEnv()
	return s, both
}

// Two pairings, one after the other, make a configuration that check finds in order and the bot starts with.
func TestPairBothPlatformsAndWrite(t *testing.T) {
	t.Parallel()
	s, both := newUnpairedScene(t)
	before := s.ReadConfig()

	d := s.Dialogue("pair", "telegram", "--write")
	code := d.Code()
	d.Type("y\n") // before it is asked
	both.Telegram.Say(-1001234567890, 45, 9, "/pair@"+telegramtest.BotName+" 00000")
	d.Await("A wrong code came from User 9 (user 9) in “Ops” (chat -1001234567890, topic 45) (1 of 5).")
	both.Telegram.Say(-1001234567890, 45, 7, "/pair@"+telegramtest.BotName+" "+code)
	d.Await("The code came from User 7 (user 7) in “Ops” (chat -1001234567890, topic 45).\n" +
		"Shall the bot obey this person, and post its alerts there? [y/N] ")
	if len(both.Telegram.Messages()) != 0 || s.ReadConfig() != before {
		t.Error("the configuration has changed, or something was posted, before the confirmation")
	}
	d.Type("y\n")
	telegram := d.End()
	shown := d.String()

	d = s.Dialogue("pair", "discord", "--write")
	code = d.Code()
	stranger := discordtest.Admin
	stranger.User = discordtest.Stranger
	both.Discord.Say(stranger, discordtest.Mention+" 00-00-00")
	d.Await("(1 of 5)")
	both.Discord.Say(discordtest.Admin, discordtest.Mention+" "+code)
	d.Await("The code came from Some Body @somebody (user " + discordtest.User + ") " +
		"in “#alerts of Example” (chat " + discordtest.Channel + ").")
	d.Type("YES\n")
	if discord := d.End(); telegram != 0 || discord != 0 {
		t.Errorf("ended with %d and %d", telegram, discord)
	}
	shown += d.String()
	for _, want := range []string{
		"    [telegram]\n    chats = [\"-1001234567890/45\"]\n    users = [8, 7]\n",
		"    [discord]\n    channels = [\"300000000000000001\"]\n    users = [\"400000000000000001\"]\n" +
			"    guild = \"200000000000000001\"\n",
		"    friendlyfire --config " + s.Config + " check --send\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if strings.Contains(shown, "CANARY") || strings.Contains(s.ReadConfig(), "CANARY") {
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
	if diff := cmp.Diff(want, harness.Changed(before, s.ReadConfig())); diff != "" {
		t.Error(diff)
	}
	if m := both.Telegram.Messages(); len(m) != 1 || m[0].Chat != -1001234567890 || m[0].Thread != 45 ||
		!strings.HasPrefix(m[0].Text, "Paired.") {
		t.Errorf("Telegram got %+v, want one message in the topic", m)
	}
	if m := both.Discord.Messages(); len(m) != 1 || m[0].Channel != discordtest.Channel {
		t.Errorf("Discord got %+v, want one message", m)
	}

	if out := s.MustRun("check", "--send"); !strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("check printed %s", out)
	}
	p := s.Start()
	both.Discord.AwaitListening(t)
	p.Stop()
}

func TestPairPrintsTheLinesAndChangesNothing(t *testing.T) {
	s, both := newUnpairedScene(t)
	before := s.ReadConfig()
	d := s.Dialogue("pair", "telegram")
	both.Telegram.Say(7, 0, 7, "/start "+d.Code())
	d.Await("[y/N] ")
	d.Type("y\n")
	if code := d.End(); code != 0 ||
		!strings.Contains(d.String(), "    [telegram]\n    chats = [7]\n    users = [8, 7]\n") {
		t.Errorf("ended with %d", code)
	}
	if s.ReadConfig() != before {
		t.Error("the configuration has changed")
	}
}

func TestPairCanBeRefused(t *testing.T) {
	for name, typed := range map[string]string{
		"by a no": "n\n", "by an empty line": "\n", "by the end of input": "\x04", "by Ctrl-C": "\x03",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := newUnpairedScene(t)
			before := s.ReadConfig()
			d := s.Dialogue("pair", "telegram", "--write")
			both.Telegram.Say(7, 0, 7, d.Code())
			d.Await("[y/N] ")
			d.Type(typed)
			const says = "nobody was let in and nothing is changed"
			if code := d.End(); code != exitFailed || !strings.Contains(d.String(), says) {
				t.Errorf("ended with %d, want %d and %q", code, exitFailed, says)
			}
			if s.ReadConfig() != before || len(both.Telegram.Messages()) != 0 {
				t.Error("the configuration has changed, or something was posted")
			}
		})
	}
}

func TestPairSaysWhyItGivesUp(t *testing.T) {
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
			}, exitFailed, "5 wrong codes, so the right one is void",
		},
		"another bot polls": {
			"telegram", nil, nil,
			func(both harness.Platforms, d *harness.Dialogue) {
				d.Code()
				both.Telegram.Fail("getUpdates",
					telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request"))
				both.Telegram.Say(9, 0, 9, "x") // which ends the poll
			}, exitFailed, "a bot is running. Stop it (systemctl stop friendlyfire",
		},
		"the bot runs": {
			"discord", nil, func(t *testing.T, s *harness.Scene, _ harness.Platforms) {
				t.Helper()
				unlock, err := app.Lock(s.Database)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(unlock)
			}, nil, exitFailed, "the bot is running",
		},
		"no token": {
			"telegram",
			[]string{"FRIENDLYFIRE_TELEGRAM_TOKEN="},
			nil, nil, exitConfig,
			"telegram.token_file: there is no token to pair with. Send /newbot to @BotFather",
		},
		"bad token": {
			"telegram",
			[]string{"FRIENDLYFIRE_TELEGRAM_TOKEN=7:CANARY-another-token-0123456789"},
			nil, nil, exitFailed,
			"getMe: status 401: Unauthorized\nIf the token is refused (401), ask @BotFather for a new one: /token.",
		},
		"token of Discord refused": {
			"discord", nil, func(_ *testing.T, _ *harness.Scene, both harness.Platforms) {
				both.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: 4004} })
			}, nil, exitFailed,
			"Discord does not let the bot in: gateway: websocket: close 4004: scripted\nIf the token is refused",
		},
		"another server": {
			"discord", nil, func(_ *testing.T, s *harness.Scene, _ harness.Platforms) {
				s.Write(s.Config, []byte(s.ReadConfig()+"guild = \"200000000000000002\"\n"))
			}, func(both harness.Platforms, d *harness.Dialogue) {
				both.Discord.Say(discordtest.Admin, discordtest.Mention+d.Code())
			}, exitFailed, "discord.guild is 200000000000000002",
		},
		"Ctrl-C": {
			"discord", nil, nil,
			func(_ harness.Platforms, d *harness.Dialogue) { d.Code(); d.Type("\x03") },
			exitFailed, "given up; nothing is changed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, both := newUnpairedScene(t)
			s.Env = append(s.Env, test.env...)
			if test.before != nil {
				test.before(t, s, both)
			}
			before := s.ReadConfig()
			d := s.Dialogue("pair", test.platform, "--write")
			if test.during != nil {
				test.during(both, d)
			}
			code, shown := d.End(), d.String()
			if code != test.code || !strings.Contains(shown, test.says) || strings.Contains(shown, "CANARY") {
				t.Errorf("ended with %d, want %d and %q", code, test.code, test.says)
			}
			if s.ReadConfig() != before || len(both.Telegram.Messages())+len(both.Discord.Messages()) != 0 {
				t.Error("the configuration has changed, or something was posted")
			}
		})
	}
}

// Files that root makes get the owner of their directory.
func TestRootMakesTheDatabaseForItsOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make files for others")
	}
	s, both := newUnpairedScene(t)
	if err := os.Chown(s.Dir, 12345, 12346); err != nil {
		t.Fatal(err)
	}
	d := s.Dialogue("pair", "discord")
	both.Discord.Say(discordtest.Admin, discordtest.Mention+d.Code())
	d.Await("[y/N] ")
	d.Type("y\n")
	d.End()
	if !strings.Contains(d.String(), "    sudo -u 12345 friendlyfire --config ") {
		t.Error("the next command is not one for the directory's owner")
	}
	s.MustRun("report", "--json") // which takes the lock as well
	for _, name := range []string{s.Database, s.Database + ".lock"} {
		var st syscall.Stat_t
		if err := syscall.Stat(name, &st); err != nil || fmt.Sprint(st.Uid, " ", st.Gid) != "12345 12346" {
			t.Errorf("%s belongs to %d:%d, %v", name, st.Uid, st.Gid, err)
		}
	}
}

func TestPairPrintsTheLinesWhereItMayNotWrite(t *testing.T) {
	s, both := newUnpairedScene(t)
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	d := s.Dialogue("pair", "telegram", "--write")
	both.Telegram.Say(7, 0, 7, d.Code())
	d.Await("[y/N] ")
	if err := os.Chmod(s.Dir, 0o500); err != nil {
		t.Fatal(err)
	}
	d.Type("y\n")
	const lines = "These are the lines:\n\n    [telegram]\n    chats = [7]\n    users = [8, 7]\n"
	if code := d.End(); code != exitFailed || !strings.Contains(d.String(), lines) ||
		!strings.Contains(d.String(), "permission denied. Paste them") {
		t.Errorf("ended with %d", code)
	}
	if err := os.Chmod(s.Dir, 0o700); err != nil { // for the clean-up
		t.Fatal(err)
	}
}
