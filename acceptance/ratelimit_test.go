package acceptance

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// Bans come as fast as Telegram accepts messages to a group and a person. One request in thirty is told to come back
// later, after five minutes at most.
func TestR04Telegrams429IsObeyed(t *testing.T) {
	t.Parallel()
	bans := harness.Size(60, 200, 2000)
	random := harness.Random(t)
	seed := random.Uint64()
	simulate(t, func(t *testing.T, s *simulation) {
		posts := 0
		s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
			if q.Method == "sendMessage" {
				if posts++; posts%30 == 0 {
					wait := 1 + rand.New(rand.NewPCG(seed, uint64(posts))).IntN(300)
					return telegramtest.RetryAfter(time.Duration(wait) * time.Second)
				}
			}
			return nil
		})
		stop := s.start()
		for i := range bans {
			s.ban(i)
			time.Sleep(time.Duration(random.Int64N(int64(4 * time.Second))))
		}
		time.Sleep(15 * time.Minute)
		stop()
		lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(bans))
		early := s.Telegram.Early()
		requests, messages := len(s.Telegram.Requests("sendMessage")), len(s.Telegram.Messages())
		perMessage := float64(requests) / float64(messages)
		if lost > 0 || early > 0 || perMessage > 1.05 || posts < 10 {
			t.Errorf("%d alerts lost, %d early requests, %d requests for %d messages", lost, early, requests, messages)
		}
		harness.Reached(t, "%d bans to 2 chats: %d alerts lost, %d requests before retry_after ends, "+
			"%.3f requests per message (%d × 429)", bans, lost, early, perMessage, requests-messages)
	})
}

// longHold is the longest retry_after that a Telegram server is known to have sent.
const longHold = 12_966 * time.Second

// holdGroup answers the first post to the group with the long hold.
func holdGroup(s *telegramtest.Server) {
	held := false
	s.Script(func(q telegramtest.Request) telegramtest.Fault {
		if q.Method == "sendMessage" && q.Chat == -1001 && !held {
			held = true
			return telegramtest.RetryAfter(longHold)
		}
		return nil
	})
}

// toGroup are the posts to that group, in order.
func toGroup(s *telegramtest.Server) []telegramtest.Request {
	return slices.DeleteFunc(s.Requests("sendMessage"), func(q telegramtest.Request) bool { return q.Chat != -1001 })
}

// keepsHold reports whether the database has a hold of the chat, or 0 for all chats, until then. It opens the database
// read-only, so that the repairs after a kill are left to the next bot.
func keepsHold(s *harness.Scene, chat int64, until time.Time) (kept bool) {
	s.T.Helper()
	db, err := sql.Open("sqlite", "file:"+s.Database+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		s.T.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(s.T.Context(), `SELECT coalesce(max(blocked_until), 0) * 1000 >= ? FROM chats
		WHERE platform = 'telegram' AND CAST(chat AS INTEGER) IN (0, ?)`, until.UnixMilli(), chat).Scan(&kept)
	if err != nil {
		s.T.Fatal(err)
	}
	return kept
}

const groupIsDown = "telegram -1001 does not get my messages"

// The hold gets to disk, and survives every kill from then on. What Telegram's usual limits do to the other chat, which
// gets its alerts meanwhile, is counted and not promised.
func TestR05LongRetryAfterSurvivesKills(t *testing.T) {
	t.Parallel()
	const kills = 20
	random := harness.Random(t)
	both := harness.OnLoopback(t)
	holdGroup(both.Telegram)
	s := harness.NewChatScene(t, both)
	s.Ban(harness.Friend(0))
	p := s.Start()
	harness.Await(t, 30*time.Second, "the post to the group is answered with a hold", func() bool {
		posts := toGroup(both.Telegram)
		return len(posts) > 0 && posts[0].Status == 429
	})
	heldAt := toGroup(both.Telegram)[0].Time
	over := heldAt.Add(longHold)
	harness.Await(t, 30*time.Second, "the hold is on disk", func() bool { return keepsHold(s, -1001, over) })
	for i := range kills {
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		p.Kill()
		both.Telegram.AwaitNobody(t)
		s.Ban(harness.Friend(1 + i))
		p = s.Start()
	}
	others, bans := []string{"42", discordtest.Channel}, harness.Friends(kills+1)
	both.AwaitAlerts(t, time.Minute, others, bans)
	harness.Await(t, time.Minute, "the others hear that the group gets nothing", func() bool {
		n := both.Mentions(groupIsDown)
		return n["42"] > 0 && n[discordtest.Channel] > 0
	})
	p.Stop()
	if lost, _ := both.LostAndRepeated([]string{"-1001"}, bans); lost != len(bans) {
		t.Errorf("the held group got %d alerts", len(bans)-lost)
	}
	told := toldOfGroup(both).Sub(heldAt)
	if n := both.Mentions(groupIsDown)[discordtest.Channel]; told > time.Minute || n != 1 {
		t.Errorf("Discord was told %d times, after %v", n, told)
	}
	early := len(toGroup(both.Telegram)) - 1
	if early > 0 {
		t.Errorf("%d requests for the held group before its hold is over", early)
	}
	status, err := s.OpenStore().ChatStatus(t.Context(), store.Chat{Platform: "telegram", ID: "-1001"})
	if err != nil || status.Waiting != len(bans) ||
		status.BlockedUntil.Before(over) || status.BlockedUntil.After(over.Add(10*time.Second)) {
		t.Errorf("%v, status of the group: %+v, held at %v", err, status, heldAt)
	}
	harness.Reached(t, "%d kills within a hold of %v: %d early requests to the held group, %d to the other chat, "+
		"hold kept, Discord told after %v",
		kills, longHold, early, both.Telegram.Early()-early, told.Round(100*time.Millisecond))
}

// toldOfGroup is when Discord was first told that the group gets no messages.
func toldOfGroup(both harness.Platforms) (first time.Time) {
	for _, m := range slices.Backward(both.Discord.Messages()) {
		if strings.Contains(harness.Unescape(m.Content), groupIsDown) {
			first = m.Time
		}
	}
	return first
}

func TestR05LongRetryAfterIsWaitedOut(t *testing.T) {
	t.Parallel()
	const restarts = 20
	simulate(t, func(t *testing.T, s *simulation) {
		holdGroup(s.Telegram)
		stop := s.start()
		s.ban(0)
		began := time.Now()
		for i := range restarts {
			time.Sleep(longHold / (restarts + 1))
			stop()
			stop = s.start()
			s.ban(1 + i)
		}
		time.Sleep(time.Until(began.Add(longHold + 2*time.Minute)))
		stop()
		lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(restarts+1))
		sent := toGroup(s.Telegram)
		if lost > 0 || s.Telegram.Early() > 0 || len(sent) < 2 {
			t.Fatalf("%d alerts lost, %d early requests, %d to the group", lost, s.Telegram.Early(), len(sent))
		}
		after := sent[1].Time.Sub(sent[0].Time) - longHold
		if after > 30*time.Second {
			t.Errorf("the group got its alerts %v after the hold was over", after)
		}
		told := toldOfGroup(s.Platforms).Sub(sent[0].Time)
		if told < 0 || told > time.Minute {
			t.Errorf("Discord was told after %v", told)
		}
		for _, what := range []string{groupIsDown, "telegram -1001 gets my messages again"} {
			if n := s.Mentions(what); n["42"] != 1 || n[discordtest.Channel] != 1 || n["-1001"] != 0 {
				t.Errorf("posted %q: %v, want it once in each of the other chats", what, n)
			}
		}
		harness.Reached(t, "%d restarts within %v: %d early requests, %d alerts lost, "+
			"delivered %v after the hold, Discord told after %v",
			restarts, longHold, s.Telegram.Early(), lost, after.Round(time.Millisecond), told.Round(time.Millisecond))
	})
}

const discordPosts = "POST /channels/*/messages"

func TestR06Discords429IsObeyed(t *testing.T) {
	t.Parallel()
	bans := harness.Size(50, 200, 1000)
	const brief, lasting = 376 * time.Millisecond, 64570 * time.Millisecond
	for name, faults := range map[string][2]discordtest.Fault{
		"shared, then global": {discordtest.RateLimit(brief, "shared"), discordtest.RateLimit(lasting, "global")},
		"global, then shared": {discordtest.RateLimit(brief, "global"), discordtest.RateLimit(lasting, "shared")},
		"the bot's own":       {discordtest.RateLimit(brief, "user"), discordtest.RateLimit(lasting, "user")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *simulation) {
				posts := 0
				s.Discord.Script(func(q discordtest.Request) discordtest.Fault {
					if q.Method == http.MethodPost && strings.HasSuffix(q.Path, "/messages") {
						switch posts++; posts {
						case bans / 5:
							return faults[0]
						case bans / 2:
							return faults[1]
						}
					}
					return nil
				})
				stop := s.start()
				for i := range bans { // as fast as a bucket of 5 in 2 s takes them
					s.ban(i)
					time.Sleep(400 * time.Millisecond)
				}
				time.Sleep(5 * time.Minute)
				stop()
				lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(bans))
				_, copies := s.LostAndRepeated([]string{discordtest.Channel}, harness.Friends(bans))
				refused, early := 0, 0
				var open time.Time // when the next request is allowed
				for i, q := range s.Discord.Requests(discordPosts) {
					if q.Time.Before(open) {
						early++
					}
					if q.Status == 429 {
						refused++
						open = q.Time.Add(map[int]time.Duration{bans/5 - 1: brief, bans/2 - 1: lasting}[i])
					}
				}
				if lost > 0 || copies > 0 || refused != 2 || early > 0 {
					t.Errorf("%d alerts lost, %d copies, %d × 429, %d early requests; "+
						"want no more 429 than the two of this test", lost, copies, refused, early)
				}
				harness.Reached(t, "%d of %d bans delivered, %d × 429, %d requests before Retry-After ends",
					bans-lost, bans, refused, early)
			})
		})
	}
}

// Everything is refused for days: because the token was revoked (401), because the bot was thrown out of the chat
// (403), because the token or the channel never existed (404). Each Telegram chat, the Telegram listener and all of
// Discord ask separately, and are counted separately.
func TestR07InvalidRequestsStayRare(t *testing.T) {
	t.Parallel()
	hours := harness.Size(2, 6, 48)
	for _, code := range []int{401, 403, 404} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *simulation) {
				s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					if code != 403 || q.Method == "sendMessage" {
						return telegramtest.Refuse(code, "no")
					}
					return nil
				})
				pattern := discordPosts
				if code == 401 {
					pattern = ""
				}
				s.Discord.Fail(pattern, -1, discordtest.Refuse(code, 0, "no"))
				stop := s.start()
				began := time.Now()
				for hour := range hours {
					s.ban(hour)
					time.Sleep(time.Hour)
				}
				refused := map[string][]time.Time{}
				for _, q := range s.Telegram.Requests() {
					if q.Status == code {
						chat := fmt.Sprint("Telegram ", q.Chat)
						refused[chat] = append(refused[chat], q.Time)
					}
				}
				for _, q := range s.Discord.Requests("") {
					if q.Status == code {
						refused["Discord"] = append(refused["Discord"], q.Time)
					}
				}
				inTen, inFifteen := 0, 0
				for who, at := range refused {
					if n := most(at, 10*time.Minute); n > 10 {
						t.Errorf("%s: %d refused requests in 10 minutes", who, n)
					}
					later := at[slices.IndexFunc(at, func(at time.Time) bool { return at.Sub(began) > time.Hour }):]
					if n := most(later, 15*time.Minute); n != 1 {
						t.Errorf("%s: %d refused requests in 15 minutes after the first hour, want one", who, n)
					}
					inTen, inFifteen = max(inTen, most(at, 10*time.Minute)), max(inFifteen, most(later, 15*time.Minute))
				}
				if len(refused["Discord"]) == 0 || len(refused["Telegram 42"]) == 0 {
					t.Errorf("nothing was refused: %v", refused)
				}
				s.Telegram.Script(nil)
				s.Discord.Heal()
				time.Sleep(20 * time.Minute)
				stop()
				lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(hours))
				if lost > 0 {
					t.Errorf("%d alerts lost once nothing was refused any longer", lost)
				}
				harness.Reached(t, "refused for %d h: %d requests at most in 10 minutes, then %d in 15 minutes; "+
					"healed: %d alerts lost", hours, inTen, inFifteen, lost)
			}, everyMinute)
		})
	}
}

func TestR08FatalCloseIsFinal(t *testing.T) {
	t.Parallel()
	hours := harness.Size(1, 6, 24)
	for _, code := range []int{4004, 4014} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *simulation) {
				s.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: code} })
				stop := s.start()
				for hour := range hours {
					s.ban(hour)
					time.Sleep(time.Hour)
				}
				stop()
				lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(hours))
				if n := len(s.Discord.Dials()); n != 1 || lost > 0 {
					t.Errorf("%d connections, want 1; %d alerts lost", n, lost)
				}
				harness.Reached(t, "%d reconnects in %d h; %d alerts lost", len(s.Discord.Dials())-1, hours, lost)
			}, everyMinute)
		})
	}
}

// The gateway lets the bot in and then drops the connection, or does not know its session. Meanwhile the bot is
// restarted 120 times; with -tags=long, 300 times a day for two days.
func TestR08IdentifyBudgetIsSafe(t *testing.T) {
	t.Parallel()
	restarts, pause := harness.Size(20, 120, 600), time.Minute
	if harness.Long {
		pause = 24 * time.Hour / 300
	}
	for name, meets := range map[string]discordtest.Connection{
		"READY, then drop":     {DropReady: true, ForgetsAll: true},
		"the session is known": {DropReady: true},
		"invalid session":      {Invalid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *simulation) {
				s.Discord.ScriptGateway(func() discordtest.Connection { return meets })
				for range restarts {
					stop := s.start()
					time.Sleep(pause)
					stop()
				}
				sent := s.Discord.Identifies()
				counted := identifies(t, s.OpenStore())
				lastDay := slices.DeleteFunc(slices.Clone(sent), func(at time.Time) bool {
					return time.Since(at) > 24*time.Hour
				})
				if n := most(sent, 24*time.Hour); n > 100 || n == 0 || len(counted) < len(lastDay) {
					t.Errorf("%d identifies in a day, want 100 at most; %d of the last %d counted on disk",
						n, len(counted), len(lastDay))
				}
				harness.Reached(t, "%d restarts, %d identifies a day at most, "+
					"%d counted on disk for the %d of the last day",
					restarts, most(sent, 24*time.Hour), len(counted), len(lastDay))
			}, everyMinute)
		})
	}
}

// Every identify that the gateway has seen was on disk before, even if the bot is killed. The gateway forgets every
// session.
func TestR08IdentifiesAreCountedBeforeAKill(t *testing.T) {
	t.Parallel()
	kills := harness.Size(4, 8, 300)
	random := harness.Random(t)
	both := harness.OnLoopback(t)
	both.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{ForgetsAll: true} })
	s := harness.NewChatScene(t, both)
	for n := range kills {
		p := s.Start()
		if n == 0 { // on a slow machine the others may not get so far
			harness.Await(t, time.Minute, "an identify", func() bool { return len(both.Discord.Identifies()) > 0 })
		} else {
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		}
		p.Kill()
	}
	db := s.OpenStore()
	sent, counted := both.Discord.Identifies(), identifies(t, db)
	if len(sent) > len(counted) || len(sent) > 100 || len(sent) == 0 {
		t.Errorf("%d identifies, %d counted on disk, want 100 at most and all counted", len(sent), len(counted))
	}
	for i := range len(sent) - 1 {
		if gap := sent[i+1].Sub(sent[i]); gap < 5*time.Second {
			t.Errorf("two identifies within %v", gap)
		}
	}
	harness.Reached(t, "%d kills: %d identifies, %d counted on disk", kills, len(sent), len(counted))
}

// most is the largest number of moments within any window of that length.
func most(at []time.Time, window time.Duration) int {
	n, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= window {
			first++
		}
		n = max(n, i-first+1)
	}
	return n
}

// identifies are the moments of the identifies that the database counts.
func identifies(t *testing.T, db *store.Store) []time.Time {
	t.Helper()
	text, err := db.Value(t.Context(), "discord/identifies")
	if err != nil {
		t.Fatal(err)
	}
	var seconds []int64
	if err := json.Unmarshal([]byte(text), &seconds); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	at := make([]time.Time, len(seconds))
	for i, s := range seconds {
		at[i] = time.Unix(s, 0)
	}
	return at
}
