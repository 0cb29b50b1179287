package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// delays are how long each ban took from its line to a message in a chat of Telegram's.
type delays struct {
	*harness.Scene
	both  harness.Platforms
	begun map[string]time.Time
}

func (d *delays) ban(address string) {
	if d.begun == nil {
		d.begun = map[string]time.Time{}
	}
	d.begun[address] = time.Now()
	d.Append(harness.BanRow(time.Now(), address, "sshd", ""))
}

// longest is the longest delay in the chat, an hour where a ban never arrived.
func (d *delays) longest(chat int64) time.Duration {
	slowest := time.Duration(0)
	for address, begun := range d.begun {
		took := time.Hour
		for _, m := range d.both.Telegram.Messages() {
			if m.Chat == chat && strings.Contains(m.Text, harness.Alert(address)) {
				took = min(took, m.Time.Sub(begun))
			}
		}
		slowest = max(slowest, took)
	}
	return slowest
}

// Another program polls with the same token. Alerts do not mind, and who reads the log is told once an hour.
func TestR09SecondInstanceDoesNoHarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
			if q.Method == "getUpdates" {
				return telegramtest.Refuse(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
			}
			return nil
		})
		d := &delays{Scene: harness.NewQuietScene(t, both), both: both}
		p := startInProcess(d.Scene, both.Dial)
		minutes := harness.Size(10, 10, 170)
		for i := range minutes {
			d.ban(fmt.Sprintf("203.0.113.%d", i))
			time.Sleep(time.Minute)
		}
		polls := both.Telegram.Requests("getUpdates")
		shortest := time.Hour
		for i, q := range polls[1:] {
			shortest = min(shortest, q.Time.Sub(polls[i].Time))
		}
		told := p.said.Count("not listening for commands")
		p.stop()
		slowest := d.longest(-1001)
		if slowest > 5*time.Second || shortest < 30*time.Second || told != minutes/60+1 {
			t.Errorf("alerts within %v, polls %v apart, told %d times in %d minutes", slowest, shortest, told, minutes)
		}
		harness.Reached(t, "%d minutes: alerts within %v, polls %v apart at least, told %d times", minutes, slowest, shortest.Round(time.Second), told)
	})
}

// A chat refuses the bot for days. What it misses waits, the others hear of it, and afterwards comes packed.
func TestR11DeadChannelKeepsItsAlerts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hours := harness.Size(8, 8, 6*24)
		both := harness.InMemory(t)
		s := harness.NewQuietScene(t, both, `every = "1s"`, `every = "5m"`, harness.FriendlyRange[0], harness.FriendlyRange[1])
		both.Telegram.SetChat(telegramtest.Chat{ID: 42, Status: "kicked"})
		p := startInProcess(s, both.Dial)
		all := harness.Addresses(hours)
		for _, a := range all {
			s.Append(harness.BanRow(time.Now(), a, "sshd", ""))
			time.Sleep(time.Hour)
		}
		told := both.Mentions("telegram 42 does not get my messages")
		if told["-1001"] != 1 || told[discordtest.Channel] != 1 {
			t.Errorf("the others were told %v, want each once", told)
		}
		attempts := len(slices.DeleteFunc(both.Telegram.Requests("sendMessage"), func(q telegramtest.Request) bool { return q.Chat != 42 }))
		both.Telegram.SetChat(telegramtest.Chat{ID: 42})
		time.Sleep(20 * time.Minute)
		p.stop()
		lost, repeated := both.LostAndRepeated(harness.EveryChat, all)
		messages := 0
		for _, m := range both.Telegram.Messages() {
			if m.Chat == 42 {
				messages++
			}
		}
		if lost+repeated > 0 || messages > len(all)/10+2 || attempts > hours*4+10 {
			t.Errorf("%d lost, %d repeated, %d alerts in %d messages after %d attempts", lost, repeated, len(all), messages, attempts)
		}
		if over := both.Mentions("telegram 42 gets my messages again"); over["-1001"] != 1 || over[discordtest.Channel] != 1 {
			t.Errorf("the others were told of the end %v, want each once", over)
		}
		harness.Reached(t, "%d hours: %d lost, %d repeated, %d alerts in %d messages, the others told once", hours, lost, repeated, len(all), messages)
	})
}

// What a platform will never take costs itself and nothing else.
func TestR12OneBadMessageNeverBlocksTheQueue(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"400": 400, "413": 413} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both := harness.InMemory(t)
				both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					if strings.Contains(q.Params["text"], "203.0.113.13") {
						return telegramtest.Refuse(code, "Bad Request: this one never")
					}
					return nil
				})
				both.Discord.Script(func(q discordtest.Request) discordtest.Fault {
					if strings.Contains(string(q.Body), "203.0.113.13") {
						return discordtest.Refuse(code, 50035, "this one never")
					}
					return nil
				})
				s := harness.NewQuietScene(t, both)
				p := startInProcess(s, both.Dial)
				time.Sleep(time.Minute)
				attempts := func() (n int) { // at alerts: of what is given up the chats are told, too
					for _, q := range both.Telegram.Requests("sendMessage") {
						if q.Chat == 42 && strings.Contains(q.Params["text"], harness.AnyAlert()) {
							n++
						}
					}
					return n
				}
				s.Append(harness.BanRow(time.Now(), "203.0.113.13", "sshd", "")) // alone
				time.Sleep(time.Minute)
				if n := attempts(); n != 1 {
					t.Errorf("%d attempts at a message that is refused, want 1", n)
				}
				all := []string{"203.0.113.11", "203.0.113.12", "203.0.113.14"}
				s.Append(harness.BanRow(time.Now(), all[0], "sshd", "") + harness.BanRow(time.Now(), "203.0.113.13", "nginx", "") + harness.BanRow(time.Now(), all[1], "sshd", ""))
				time.Sleep(time.Minute)
				before := attempts()
				s.Append(harness.BanRow(time.Now(), all[2], "sshd", ""))
				time.Sleep(time.Minute)
				if n := attempts() - before; n != 1 {
					t.Errorf("the next one took %d attempts", n)
				}
				if before > 1+4 { // together, then each alone
					t.Errorf("%d attempts at the three", before-1)
				}
				if lost, repeated := both.LostAndRepeated(harness.EveryChat, all); lost+repeated > 0 {
					t.Errorf("%d lost, %d repeated", lost, repeated)
				}
				both.Telegram.Say(42, 0, 7, "/status")
				time.Sleep(time.Minute)
				if n := both.Mentions("2 given up")["42"]; n != 3 {
					t.Errorf("/status tells of what was given up %d times, want once for each chat", n)
				}
				p.stop()
			})
		})
	}
	t.Run("photo", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // it is one o'clock in Brussels
			both := harness.InMemory(t)
			both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
				switch {
				case q.Method == "sendPhoto" && q.Chat == 42:
					return telegramtest.Refuse(413, "Request Entity Too Large")
				case q.Method == "sendPhoto":
					return telegramtest.Refuse(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
				}
				return nil
			})
			both.Discord.Script(func(q discordtest.Request) discordtest.Fault {
				if strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/") {
					return discordtest.Refuse(413, 40005, "Request entity too large")
				}
				return nil
			})
			s := harness.NewTokenScene(t, strings.NewReplacer(`at = "00:00"`, `at = "02:00"`, `every = "1s"`, "every = \"1m\"\nsilent_after = \"0s\"").Replace(both.Config()))
			s.Append(harness.BanRow(time.Now(), harness.Foreign, "sshd", ""))
			time.Sleep(24 * time.Hour)
			p := startInProcess(s, both.Dial)
			time.Sleep(90 * time.Minute)
			p.stop()
			if !both.Everywhere("Sat 1 Jan: 1 ban\n", 1) {
				t.Errorf("digests: %v, want one in each chat", both.Mentions("Sat 1 Jan"))
			}
		})
	})
	harness.Reached(t, "a notice, one of three, a picture refused: the others delivered, the next one at its first attempt, dead letters in /status")
}

// A platform that does not answer is no other's concern.
func TestR14ChannelsDoNotSlowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		d := &delays{Scene: harness.NewQuietScene(t, both), both: both}
		r := &road{to: both.Dial}
		r.strike(blackHole, strings.TrimPrefix(both.Discord.URL(), "http://"))
		p := startInProcess(d.Scene, r.dial)
		bans := harness.Size(20, 20, 200)
		for i := range bans {
			d.ban(fmt.Sprintf("203.0.113.%d", i))
			time.Sleep(time.Minute)
		}
		p.stop()
		r.close()
		slowest := max(d.longest(-1001), d.longest(42))
		if slowest > 5*time.Second {
			t.Errorf("Telegram got an alert after %v", slowest)
		}
		if n := len(both.Discord.Messages()); n != 0 {
			t.Errorf("Discord got %d messages", n)
		}
		harness.Reached(t, "%d alerts on Telegram, each within %v", bans, slowest)
	})
}
