package acceptance

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

// The rows of the contract for the platforms that hear no commands, each beside Telegram and Discord.

// withOthers runs a test in one simulation with all of them.
func withOthers(t *testing.T, test func(*testing.T, *simulation), changes ...harness.Change) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := harness.InMemory(t).With(newOthers(t, true)...)
		test(t, &simulation{Scene: harness.NewChatScene(t, p, changes...), Platforms: p})
	})
}

// newOthers makes a fake of each of them.
func newOthers(t *testing.T, inMemory bool) (all []harness.Fake) {
	t.Helper()
	for _, newFake := range harness.Others() {
		all = append(all, newFake(t, inMemory))
	}
	return all
}

// attemptsAt counts the attempts to post to a chat that hold the text.
func attemptsAt(f harness.Fake, chat, text string) (n int) {
	for _, a := range f.Attempts() {
		if a.Chat == chat && strings.Contains(a.Text, text) {
			n++
		}
	}
	return n
}

// A 429 that says how long, one that does not, and a flood of bans: nothing is asked for before the time is over.
func TestR04ADeafPlatforms429IsObeyed(t *testing.T) {
	t.Parallel()
	const long = 90 * time.Second
	withOthers(t, func(t *testing.T, s *simulation) {
		bans := harness.Size(30, 60, 1000)
		type state struct {
			since, until          time.Time // of the last 429 that says how long; what is sent beside it is on its way
			posts, early, limited int
		}
		states := map[string]*state{} // by chat
		for _, f := range s.Others {
			for _, chat := range f.Chats() {
				states[chat] = &state{}
			}
			f.Script(func(a harness.Attempt) harness.Fault {
				of := states[a.Chat]
				if a.Time.After(of.since) && a.Time.Before(of.until) {
					of.early++
				}
				of.posts++
				switch of.posts % 12 {
				case 5:
					of.limited, of.since, of.until = of.limited+1, a.Time, a.Time.Add(long)
					return harness.Fault{What: harness.Limited, For: long}
				case 9:
					of.limited++
					return harness.Fault{What: harness.Limited}
				}
				return harness.Fault{}
			})
		}
		stop := s.start()
		for i := range bans {
			s.ban(i)
			time.Sleep(4 * time.Second)
		}
		time.Sleep(10 * time.Minute)
		stop()
		if lost, repeated := s.LostAndRepeated(s.Chats(), harness.Friends(bans)); lost+repeated > 0 {
			t.Errorf("%d alerts lost, %d repeated", lost, repeated)
		}
		for _, f := range s.Others {
			requests, messages, early, limited := len(f.Attempts()), len(f.Posts()), 0, 0
			for _, chat := range f.Chats() {
				early, limited = early+states[chat].early, limited+states[chat].limited
			}
			if early > 0 || limited < 2 || requests != messages+limited {
				t.Errorf("%s: %d early requests, %d requests for %d messages, %d × 429",
					f.Name(), early, requests, messages, limited)
			}
			harness.Reached(t, "%s: 0 requests before Retry-After ends, %d requests for %d messages, %d × 429",
				f.Name(), requests, messages, limited)
		}
	}, everyMinute)
}

// A chat is gone for days. Its alerts wait and come packed afterwards; the others are told of it.
func TestR11ADeadChatOfADeafPlatformKeepsItsAlerts(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) {
		bans, apart := 8, time.Duration(harness.Size(10, 10, 18*60))*time.Minute
		dead := map[string]string{} // by platform
		var healed atomic.Bool
		for _, f := range s.Others {
			dead[f.Name()] = f.Chats()[0]
			f.Script(func(a harness.Attempt) harness.Fault {
				if a.Chat == f.Chats()[0] && !healed.Load() {
					return harness.Fault{What: harness.Gone}
				}
				return harness.Fault{}
			})
		}
		stop := s.start()
		for i := range bans {
			s.ban(i)
			time.Sleep(apart)
		}
		attempts := map[string]int{}
		for _, f := range s.Others {
			attempts[f.Name()] = attemptsAt(f, dead[f.Name()], "")
		}
		healed.Store(true)
		time.Sleep(17 * time.Minute)
		stop()
		if lost, repeated := s.LostAndRepeated(s.Chats(), harness.Friends(bans)); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated", lost, repeated)
		}
		for _, f := range s.Others {
			chat, messages := dead[f.Name()], 0
			for _, m := range f.Posts() {
				if m.Chat == chat && strings.Contains(m.Text, harness.AnyAlert()) {
					messages++
				}
			}
			if n := attempts[f.Name()]; messages > bans/2 || n > 10+int(apart.Minutes())*bans/14 {
				t.Errorf("%s: %d alerts in %d messages after %d attempts", f.Name(), bans, messages, n)
			}
			down, over := s.Mentions(f.Name()+" "+chat+" "), s.Mentions(f.Name()+" "+chat+" gets my messages again")
			for _, other := range s.Chats() {
				gone := slices.Contains(slices.Collect(maps.Values(dead)), other)
				if !gone && (down[other] != 2 || over[other] != 1) {
					t.Errorf("%s was told %d times of %s %s, and %d times of the end", other, down[other]-1, f.Name(), chat, over[other])
				}
			}
			harness.Reached(t, "%s: 0 lost in %v, %d alerts in %d messages, the others told once",
				f.Name(), time.Duration(bans)*apart, bans, messages)
		}
	}, everyMinute)
}

// A message that the platform will never accept delays no other, and is no secret.
func TestR12ABadMessageNeverBlocksADeafPlatform(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) {
		const bad = "203.0.113.13"
		for _, f := range s.Others {
			f.Script(func(a harness.Attempt) harness.Fault {
				if strings.Contains(a.Text, bad) {
					return harness.Fault{What: harness.Malformed}
				}
				return harness.Fault{}
			})
		}
		stop := s.start()
		time.Sleep(time.Minute)
		s.Ban(bad)
		time.Sleep(3 * time.Minute)
		all := []string{"203.0.113.11", "203.0.113.12", "203.0.113.14"}
		now := time.Now()
		s.Append(harness.BanRow(now, all[0], "sshd", "") + harness.BanRow(now, bad, "nginx", "") +
			harness.BanRow(now, all[1], "sshd", ""))
		time.Sleep(3 * time.Minute)
		s.Ban(all[2])
		time.Sleep(10 * time.Minute)
		s.Telegram.Say(42, 0, 7, "/status")
		time.Sleep(time.Minute)
		stop()
		if lost, repeated := s.LostAndRepeated(s.Chats(), all); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated", lost, repeated)
		}
		chats := 0
		for _, f := range s.Others {
			chats += len(f.Chats())
			if n := attemptsAt(f, f.Chats()[0], all[2]); n != 1 {
				t.Errorf("%s: the next one took %d attempts", f.Name(), n)
			}
			if n := attemptsAt(f, f.Chats()[0], bad); n > 20 {
				t.Errorf("%s: %d attempts at the bad ones", f.Name(), n)
			}
		}
		if n := s.Mentions("2 given up")["42"]; n != chats {
			t.Errorf("/status names %d chats with messages that were given up, want %d", n, chats)
		}
		harness.Reached(t, "one of three refused: the others delivered, the next at its first attempt, dead letter in /status")
	})
}

// Every upload of a picture fails, while words pass.
func TestR29APictureHoldsBackNoWordsOfADeafPlatform(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) {
		kinds := []harness.Failure{harness.Broken, harness.Hangs, harness.Lost}
		var uploads atomic.Int32
		for _, f := range s.Others {
			f.Script(func(a harness.Attempt) harness.Fault {
				if !a.Picture {
					return harness.Fault{}
				}
				return harness.Fault{What: kinds[int(uploads.Add(1))%len(kinds)]}
			})
		}
		_, slowest := s.tenAlertsBesideADigest()
		lost, _ := s.LostAndRepeated(s.Chats(), harness.Friends(10))
		if lost > 0 || slowest > 5*time.Second || !s.InEveryChat(digest) {
			t.Errorf("%d alerts lost, the slowest after %v; the words of the digest: %v", lost, slowest, s.Mentions(digest))
		}
		harness.Reached(t, "%d uploads fail: the slowest alert after %v, the digest in words", uploads.Load(), slowest)
	}, everyMinute, harness.Change{`at = ""`, `at = "00:05"`, `"Europe/Brussels"`, `"Etc/GMT+1"`})
}

// Platforms that take nothing, for whatever reason, cost no alert: all arrive when they take messages again.
func TestR30OnlyItsOwnFaultGivesAMessageOfADeafPlatformUp(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) {
		kinds := []harness.Failure{harness.Gone, harness.Broken, harness.Hangs, harness.Limited}
		var healed atomic.Bool
		for i, f := range s.Others {
			f.Script(func(a harness.Attempt) harness.Fault {
				if healed.Load() {
					return harness.Fault{}
				}
				return harness.Fault{What: kinds[(i+slices.Index(f.Chats(), a.Chat)+a.Time.Minute()/4)%len(kinds)]}
			})
		}
		stop := s.start()
		for i := range 30 {
			s.ban(i)
			time.Sleep(20 * time.Second)
		}
		time.Sleep(6 * time.Minute)
		for _, f := range s.Others {
			if n := len(f.Posts()); n > 0 {
				t.Fatalf("%d messages arrived", n)
			}
		}
		healed.Store(true)
		time.Sleep(17 * time.Minute)
		stop()
		if lost, repeated := s.LostAndRepeated(s.Chats(), harness.Friends(30)); lost+repeated > 0 {
			t.Errorf("%d lost, %d repeated of 30 alerts", lost, repeated)
		}
		harness.Reached(t, "30 bans while all of them refuse everything, in four ways, then healed: 0 lost")
	}, everyMinute)
}

// By night only alerts are sent; the rest comes in the morning, and no alert is late.
func TestADeafPlatformIsQuietByNight(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) { // it begins at midnight in UTC
		stop := s.start()
		time.Sleep(time.Minute)
		s.Append(harness.BanRows(time.Now(), []string{harness.Foreign}))
		s.ban(0)
		time.Sleep(50 * time.Minute)
		night := s.Posts()
		time.Sleep(20 * time.Minute)
		stop()
		for _, m := range night {
			if addresses, _ := harness.AlertsIn(m.Text); len(addresses) == 0 && slices.Contains(s.Chats()[len(harness.AllChats):], m.Chat) {
				t.Errorf("%s got by night: %q", m.Chat, m.Text)
			}
		}
		if !s.Exactly(harness.Alert(harness.Friend(0)), 1) {
			t.Errorf("the alert: %v", s.Mentions(harness.Alert(harness.Friend(0))))
		}
		if !s.InEveryChat(digest) {
			t.Errorf("the digest of the night: %v", s.Mentions(digest))
		}
	}, everyMinute, harness.Change{`at = ""`, `at = "00:30"`, `"Europe/Brussels"`, `"UTC"`, "[digest]", "[alerts]\nquiet = \"22:00-01:00\"\n[digest]"})
}

// Nothing there proposes a command, for none would be heard.
func TestADeafPlatformProposesNoCommand(t *testing.T) {
	t.Parallel()
	withOthers(t, func(t *testing.T, s *simulation) {
		s.Append(harness.BanRows(time.Now().Add(-48*time.Hour), harness.Friends(40)))
		stop := s.start()
		time.Sleep(time.Minute)
		s.Append(harness.BanRows(time.Now(), harness.Friends(2000)[1000:]))
		time.Sleep(5 * time.Minute)
		stop()
		if n := s.Mentions("/friends"); n["42"] == 0 || n[discordtest.Channel] == 0 {
			t.Errorf("nothing proposes a command to anybody: %v", n)
		}
		for _, f := range s.Others {
			for _, m := range f.Posts() {
				for _, command := range []string{"/help", "/friends", "/report", "/status", "/ip ", "/tune"} {
					if strings.Contains(m.Text, command) {
						t.Errorf("%s proposes %s: %q", f.Name(), command, m.Text)
					}
				}
			}
			if len(f.Posts()) < 4 {
				t.Errorf("only %d messages", len(f.Posts()))
			}
		}
	})
}

// Whatever goes wrong with a platform, its secrets show up in no log, error, database or message.
func TestS01TheSecretsOfADeafPlatformNeverLeave(t *testing.T) {
	t.Parallel()
	p := harness.OnLoopback(t).With(newOthers(t, false)...)
	port := freePort(t)
	s := harness.NewChatScene(t, p, harness.Change{"[telegram]", metricsAt(port) + "[telegram]"})
	s.Env = []string{"GODEBUG=http2debug=2,netdns=go+2"}
	kinds := []harness.Failure{harness.Broken, harness.Lost, harness.Gone, harness.Limited, harness.Malformed}
	secrets, chats := []string{canary}, 0
	for i, f := range p.Others {
		secrets = append(secrets, f.Secrets()...)
		chats += len(f.Chats())
		f.Script(func(harness.Attempt) harness.Fault {
			i++
			return harness.Fault{What: kinds[i%len(kinds)]}
		})
	}
	bot := s.Start()
	for i := range 3 {
		s.Ban(harness.Friend(i))
	}
	harness.Await(t, time.Minute, "attempts that fail", func() bool {
		return strings.Count(bot.Text(), "not delivered") >= chats
	})
	check, errs, _ := s.Run("check", "--send")
	report, errs2, _ := s.Run("check", "--report")
	p.Telegram.Say(-1001, 0, 7, "/status")
	time.Sleep(300 * time.Millisecond)
	_, metrics := get(t, http.MethodGet, "http://"+port+"/metrics")
	bot.Stop()
	printed := map[string]string{"log": bot.Text(), "check": check + errs, "report": report + errs2, "metrics": metrics}
	for _, m := range p.Posts() {
		printed["a message to "+m.Chat] += m.Text
	}
	err := filepath.WalkDir(filepath.Join(s.Dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		printed[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range printed {
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds a secret: …%s", where, text[max(0, i-100):min(len(text), i+60)])
			}
		}
	}
	for _, f := range p.Others {
		for _, chat := range f.Chats() {
			if strings.Contains(report, chat) {
				t.Errorf("check --report names the chat %s", chat)
			}
			if !strings.Contains(check, f.Name()+" "+chat) {
				t.Errorf("check does not name the chat %s %s: %s", f.Name(), chat, check)
			}
			if waits := fmt.Sprintf("outbox_notices{chat=%q,platform=%q}", chat, f.Name()); !strings.Contains(metrics, waits) {
				t.Errorf("the metrics have no %s", waits)
			}
		}
	}
	harness.Reached(t, "%d secrets in %d places: 0 hits", len(secrets), len(printed))
}
