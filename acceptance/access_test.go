package acceptance

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

// forbiddenRequests are all the ways to send a command that must not be answered.
func forbiddenRequests(both harness.Platforms, command string) map[string]func() {
	const admin, stranger, group = 7, 8, -1001
	now := func() int64 { return time.Now().Unix() }
	tg, dc := both.Telegram, both.Discord
	edit := func(change map[string]any) func() {
		return func() { tg.Edit(group, admin, command, change) }
	}
	push := func(kind string) func() {
		return func() {
			tg.Push(kind, map[string]any{
				"date": now(), "text": command, "chat": map[string]any{"id": group},
				"from": map[string]any{"id": admin},
			})
		}
	}
	slash := func(change func(*discordtest.Ask)) func() {
		return func() {
			who := discordtest.Admin
			change(&who)
			dc.Slash(who, strings.TrimPrefix(command, "/"))
			dc.Press(who, command)
			dc.Type(who, "ip", "address", "3")
		}
	}
	return map[string]func(){
		"a stranger":                func() { tg.Say(stranger, 0, stranger, command) },
		"an unlisted member":        func() { tg.Say(group, 0, stranger, command) },
		"the admin in another chat": func() { tg.Say(-999, 0, admin, command) },
		"another's button":          func() { tg.Press(group, 0, stranger, command) },
		"a button elsewhere":        func() { tg.Press(-999, 0, admin, command) },
		"forwarded":                 edit(map[string]any{"forward_origin": map[string]any{"type": "user"}}),
		"an anonymous admin":        edit(map[string]any{"sender_chat": map[string]any{"id": group}}),
		"on behalf of a channel":    edit(map[string]any{"sender_chat": map[string]any{"id": -100777}}),
		"a bot":                     edit(map[string]any{"from": map[string]any{"id": admin, "is_bot": true}}),
		"through a bot":             edit(map[string]any{"via_bot": map[string]any{"id": 5, "is_bot": true}}),
		"edited":                    push("edited_message"),
		"channel post":              push("channel_post"),
		"edited channel post":       push("edited_channel_post"),
		"Discord: a stranger":       slash(func(a *discordtest.Ask) { a.User = discordtest.Stranger }),
		"Discord: another guild":    slash(func(a *discordtest.Ask) { a.Guild = "299999999999999999" }),
		"Discord: another channel":  slash(func(a *discordtest.Ask) { a.Channel = discordtest.Channel2 }),
		"Discord: no guild":         slash(func(a *discordtest.Ask) { a.Guild = "" }),
		"Discord: a bot":            slash(func(a *discordtest.Ask) { a.Bot = true }),
	}
}

// Commands need a listed user in a listed chat, in person. Nobody else gets an answer, and endless attempts do not fill
// the log.
func TestS03CommandsNeedChatAndUser(t *testing.T) {
	t.Parallel()
	made := 0
	for name, empty := range map[string]bool{"lists": false, "empty lists": true} {
		synctest.Test(t, func(t *testing.T) {
			both := harness.InMemory(t)
			s := harness.NewChatScene(t, both)
			minutes := harness.Size(2, 2, 30)
			attempts := forbiddenRequests(both, "/report")
			if empty {
				s.Reconfigure("users = [7]", "users = []", `users = ["`+discordtest.User+`"]`, "users = []")
				attempts["the admin"] = func() { both.Telegram.Say(-1001, 0, 7, "/report") }
				attempts["Discord: the admin"] = func() { both.Discord.Slash(discordtest.Admin, "report") }
			}
			s.Append(harness.BanRow(time.Now().Add(time.Minute), harness.Foreign, "sshd", ""))
			p := startInProcess(s, both.Dial)
			time.Sleep(time.Minute)
			before := reactions(both)
			for range minutes * 12 {
				for _, attempt := range attempts {
					attempt()
					made++
				}
				time.Sleep(5 * time.Second)
			}
			if n := reactions(both) - before; n > 0 {
				t.Errorf("%s: %d reactions", name, n)
			}
			lines := map[string]int{}
			ignored := regexp.MustCompile(`(?m)^time=\S+ (.*ignored.*)$`)
			for _, line := range ignored.FindAllStringSubmatch(p.stderr.String(), -1) {
				lines[line[1]]++
			}
			if len(lines) == 0 {
				t.Errorf("%s: nothing was logged", name)
			}
			for line, n := range lines {
				if n > minutes {
					t.Errorf("%s: logged %d times in %d minutes: %s", name, n, minutes, line)
				}
			}
			both.Telegram.Say(-1001, 0, 7, "/status")
			time.Sleep(time.Minute)
			if answered := reactions(both) > before; answered == empty {
				t.Errorf("%s: the administrator is answered: %v", name, answered)
			}
			p.stop()
		})
	}
	harness.Reached(t, "%d attempts of strangers: 0 executed, 0 replies, each logged once a minute at most", made)
}

// A flood of commands is answered with the picture that was just drawn, and alerts go out meanwhile.
func TestS04CommandFloodsAreCheap(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		s.Append(harness.BanRow(time.Now().Add(time.Second), harness.Foreign, "sshd", ""))
		stop := s.start()
		time.Sleep(time.Minute)
		bans := map[string]time.Time{}
		begun := time.Now()
		for i := range 1000 {
			s.Telegram.Say(-1001, 0, 7, "/report")
			s.Discord.Slash(discordtest.Admin, "report")
			if i%200 == 0 {
				bans[harness.Friend(i/200)] = time.Now()
				s.Ban(harness.Friend(i / 200))
			}
			if i%50 == 0 { // so that the numbers change and new pictures are drawn
				s.Append(harness.BanRow(time.Now(), harness.Foreign, "sshd", fmt.Sprint(i)))
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(3 * time.Minute)
		stop()
		drawn, answers := map[string]time.Time{}, 0
		for _, m := range s.Telegram.Messages() {
			if m.Photo != nil {
				answers++
				drawn[string(m.Photo)] = m.Time
			}
		}
		seconds := 0
		for _, at := range drawn {
			seconds = max(seconds, int(at.Sub(begun).Seconds()))
		}
		slowest := max(slowestAlert(s.Platforms, "-1001", bans), slowestAlert(s.Platforms, "42", bans))
		if answers == 0 || len(drawn) > seconds/10+1 || slowest > 20*time.Second || s.Telegram.Early() > 0 {
			t.Errorf("%d answers, %d pictures in %d s, alerts within %v, %d too early",
				answers, len(drawn), seconds, slowest, s.Telegram.Early())
		}
		harness.Reached(t, "2,000 commands in 10 s: %d answers and %d pictures in %d s in a group, alerts within %v",
			answers, len(drawn), seconds, slowest)
	})
}

// reactions counts all that the bot has posted, or done because somebody wrote to it.
func reactions(p harness.Platforms) int {
	n := len(p.Telegram.Requests("sendMessage", "sendPhoto", "sendChatAction", "answerCallbackQuery"))
	for _, q := range p.Discord.Requests("") {
		if strings.HasPrefix(q.Path, "/interactions/") || strings.HasPrefix(q.Path, "/webhooks/") ||
			strings.HasSuffix(q.Path, "/messages") {
			n++
		}
	}
	return n
}
