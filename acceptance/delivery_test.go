package acceptance

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// slowestAlert is the longest time that any of these bans took to become an alert in the chat; an hour if one never
// did.
func slowestAlert(both harness.Platforms, chat string, bans map[string]time.Time) time.Duration {
	slowest := time.Duration(0)
	for address, begun := range bans {
		took := time.Hour
		for _, m := range both.Posts() {
			if m.Chat == chat && strings.Contains(m.Text, harness.Alert(address)) {
				took = min(took, m.Time.Sub(begun))
			}
		}
		slowest = max(slowest, took)
	}
	return slowest
}

// Another program polls with the same token. Alerts go out all the same, and the log says so once an hour.
func TestR09SecondInstanceDoesNoHarm(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
			if q.Method == "getUpdates" {
				return telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request; "+
					"make sure that only one bot instance is running")
			}
			return nil
		})
		stop := s.start()
		minutes := harness.Size(10, 10, 170)
		bans := map[string]time.Time{}
		for i := range minutes {
			bans[harness.Friend(i)] = time.Now()
			s.Ban(harness.Friend(i))
			time.Sleep(time.Minute)
		}
		polls := s.Telegram.Requests("getUpdates")
		shortest := time.Hour
		for i, q := range polls[1:] {
			shortest = min(shortest, q.Time.Sub(polls[i].Time))
		}
		logged := s.bot.stderr.Count("not listening for commands")
		stop()
		slowest := slowestAlert(s.Platforms, "-1001", bans)
		if slowest > 5*time.Second || shortest < 30*time.Second || logged != minutes/60+1 {
			t.Errorf("alerts within %v, polls %v apart, logged %d times in %d minutes",
				slowest, shortest, logged, minutes)
		}
		harness.Reached(t, "%d minutes: alerts within %v, polls %v apart at least, logged %d times",
			minutes, slowest, shortest.Round(time.Second), logged)
	})
}

// A chat refuses the bot for days. Its alerts wait and come packed afterwards; the other chats are told of it.
func TestR11DeadChannelKeepsItsAlerts(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		hours := harness.Size(8, 8, 6*24)
		s.Telegram.SetChat(telegramtest.Chat{ID: 42, Status: "kicked"})
		stop := s.start()
		all := harness.Friends(hours)
		for _, a := range all {
			s.Ban(a)
			time.Sleep(time.Hour)
		}
		told := s.Mentions("telegram 42 has blocked the bot (403)")
		if told["-1001"] != 1 || told[discordtest.Channel] != 1 {
			t.Errorf("the others were told %v, want each once", told)
		}
		attempts := 0
		for _, q := range s.Telegram.Requests("sendMessage") {
			if q.Chat == 42 {
				attempts++
			}
		}
		s.Telegram.SetChat(telegramtest.Chat{ID: 42})
		time.Sleep(20 * time.Minute)
		stop()
		lost, repeated := s.LostAndRepeated(harness.AllChats, all)
		messages := 0
		for _, m := range s.Posts() {
			if m.Chat == "42" {
				messages++
			}
		}
		if lost+repeated > 0 || messages > len(all)/10+2 || attempts > hours*4+10 {
			t.Errorf("%d lost, %d repeated, %d alerts in %d messages after %d attempts",
				lost, repeated, len(all), messages, attempts)
		}
		over := s.Mentions("telegram 42 gets my messages again")
		if over["-1001"] != 1 || over[discordtest.Channel] != 1 {
			t.Errorf("the others were told of the end %v, want each once", over)
		}
		harness.Reached(t, "%d hours: %d lost, %d repeated, %d alerts in %d messages, the others told once",
			hours, lost, repeated, len(all), messages)
	}, harness.Change{`every = "1s"`, `every = "5m"`})
}

// A message that a platform will never accept delays no other, whether the platform says so or gives a reason that is
// in no list.
func TestR12OneBadMessageNeverBlocksTheQueue(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		telegram        telegramtest.Fault
		discord         discordtest.Fault
		alone, together int // attempts at most: at the bad one, and at three of which it is one
	}{
		"known reason": {
			telegramtest.Refuse(400, "Bad Request: message is too long"),
			discordtest.Refuse(400, 50035, "Invalid Form Body"), 1, 4, // together, then each alone
		},
		"unknown reason": {
			telegramtest.Refuse(400, "Bad Request: THIS_ONE_NEVER"), discordtest.Refuse(400, 987654, "This one never"),
			9, 7, // until another has gone through, and three more; together, each alone, and until it is given up
		},
		"too large for a proxy": {telegramtest.Page(413), discordtest.Page(413), 9, 7},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					if strings.Contains(q.Params["text"], "203.0.113.13") {
						return tc.telegram
					}
					return nil
				})
				s.Discord.Script(func(q discordtest.Request) discordtest.Fault {
					if strings.Contains(string(q.Body), "203.0.113.13") {
						return tc.discord
					}
					return nil
				})
				stop := s.start()
				time.Sleep(time.Minute)
				attempts := func(of string) (n int) { // at alerts; that one was given up is announced as well
					for _, q := range s.Telegram.Requests("sendMessage") {
						if q.Chat == 42 && strings.Contains(q.Params["text"], of) {
							n++
						}
					}
					return n
				}
				s.Ban("203.0.113.13") // alone
				time.Sleep(2 * time.Minute)
				first := attempts(harness.AnyAlert())
				if first > tc.alone {
					t.Errorf("%d attempts at a message that is refused, want %d at most", first, tc.alone)
				}
				all := []string{"203.0.113.11", "203.0.113.12", "203.0.113.14"}
				now := time.Now()
				s.Append(harness.BanRow(now, all[0], "sshd", "") + harness.BanRow(now, "203.0.113.13", "nginx", "") +
					harness.BanRow(now, all[1], "sshd", ""))
				time.Sleep(2 * time.Minute)
				second := attempts(harness.AnyAlert()) - first
				if second > tc.together {
					t.Errorf("%d attempts at the three", second)
				}
				s.Ban(all[2])
				time.Sleep(time.Minute)
				if n := attempts(all[2]); n != 1 {
					t.Errorf("the next one took %d attempts", n)
				}
				if lost, repeated := s.LostAndRepeated(harness.AllChats, all); lost+repeated > 0 {
					t.Errorf("%d lost, %d repeated", lost, repeated)
				}
				s.Telegram.Say(42, 0, 7, "/status")
				time.Sleep(time.Minute)
				if n := s.Mentions("2 given up")["42"]; n != 3 {
					t.Errorf("/status names %d chats with messages that were given up, want all three", n)
				}
				t.Logf("%d attempts at it alone, %d at the three", first, second)
				stop()
			})
		})
	}
	t.Run("photo", func(t *testing.T) {
		simulate(t, func(t *testing.T, s *simulation) {
			s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
				switch {
				case q.Method == "sendPhoto" && q.Chat == 42:
					return telegramtest.Refuse(413, "Request Entity Too Large")
				case q.Method == "sendPhoto":
					return telegramtest.Refuse(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
				}
				return nil
			})
			s.Discord.Script(func(q discordtest.Request) discordtest.Fault {
				if strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/") {
					return discordtest.Refuse(413, 40005, "Request entity too large")
				}
				return nil
			})
			s.Ban(harness.Foreign)
			time.Sleep(24 * time.Hour)
			stop := s.start()
			time.Sleep(90 * time.Minute)
			stop()
			s.Want(t, map[string]int{"Sat 1 Jan: 1 ban\n": 1}) // the digest
		}, everyMinute, harness.Change{`at = ""`, `at = "02:00"`})
	})
	harness.Reached(t, "a notice, one of three, a picture refused: the others delivered, "+
		"the next one at its first attempt, dead letters in /status")
}

// A platform that does not answer does not slow down the other.
func TestR14ChannelsDoNotSlowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		s := harness.NewChatScene(t, both)
		network := &faultNet{to: both.Dial}
		network.fail(blackHole, strings.TrimPrefix(both.Discord.URL(), "http://"))
		p := startInProcess(s, network.dial)
		bans := map[string]time.Time{}
		for i := range harness.Size(20, 20, 200) {
			bans[harness.Friend(i)] = time.Now()
			s.Ban(harness.Friend(i))
			time.Sleep(time.Minute)
		}
		p.stop()
		network.close()
		slowest := max(slowestAlert(both, "-1001", bans), slowestAlert(both, "42", bans))
		if slowest > 5*time.Second {
			t.Errorf("Telegram got an alert after %v", slowest)
		}
		if n := len(both.Discord.Messages()); n != 0 {
			t.Errorf("Discord got %d messages", n)
		}
		harness.Reached(t, "%d alerts on Telegram, each within %v", len(bans), slowest)
	})
}
