package acceptance

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/store"
)

// A group and a person are told of bans that come as fast as Telegram takes messages. One request in thirty is told to
// come back later, up to five minutes.
func TestR04Telegrams429IsObeyed(t *testing.T) {
	t.Parallel()
	bans := harness.Size(60, 200, 2000)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	underTheClock(t, func(t *testing.T, b *bubble) {
		posts := 0
		b.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
			if q.Method == "sendMessage" {
				if posts++; posts%30 == 0 {
					return telegramtest.RetryAfter(time.Duration(1+rand.New(rand.NewPCG(seed, uint64(posts))).IntN(300)) * time.Second)
				}
			}
			return nil
		})
		stop := b.start()
		for i := range bans {
			b.ban(i)
			time.Sleep(time.Duration(random.Int64N(int64(4 * time.Second))))
		}
		time.Sleep(15 * time.Minute)
		stop()
		l := toll{bans: bans}
		l.count(b.Platforms)
		early := b.Telegram.Early()
		perMessage := float64(l.requests["telegram"]) / float64(l.messages["telegram"])
		if l.lost > 0 || early > 0 || perMessage > 1.05 || posts < 10 {
			t.Errorf("%d alerts lost, %d early requests, %d requests for %d messages", l.lost, early, l.requests["telegram"], l.messages["telegram"])
		}
		harness.Reached(t, "%d bans to 2 chats: %d alerts lost, %d requests before retry_after ends, %.3f requests per message (%d × 429)",
			bans, l.lost, early, perMessage, l.requests["telegram"]-l.messages["telegram"])
	})
}

// longHold is what a Telegram server has asked for in earnest.
const longHold = 12_966 * time.Second

// holdGroup makes the first post to the group meet the long hold.
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

// toGroup are the posts to the group that was held, as they came.
func toGroup(s *telegramtest.Server) []telegramtest.Request {
	return slices.DeleteFunc(s.Requests("sendMessage"), func(q telegramtest.Request) bool { return q.Chat != -1001 })
}

// keepsHold reports whether the database holds back the chat, 0 for all, for so long. It repairs nothing that a killed
// bot has left: that is for the next one.
func keepsHold(s *harness.Scene, chat int64, until time.Time) (kept bool) {
	s.T.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Dir, "state", "friendlyfire.db")+"?mode=ro&_busy_timeout=5000")
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

// Every hold gets to disk, and survives every kill from then on. A hold that the other chat meets by its usual limits in the
// very moment of a kill may die with the bot that was told of it: no later one can know of it.
func TestR05ALongRetryAfterSurvivesKills(t *testing.T) {
	t.Parallel()
	const kills = 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	both := harness.OnLoopback(t)
	holdGroup(both.Telegram)
	s := harness.NewQuietScene(t, both, harness.FriendlyV6...)
	s.Append(harness.BanRow(time.Now(), friend(0), "sshd", ""))
	p := s.Start()
	harness.Await(t, 30*time.Second, "the group is told to wait", func() bool { return len(toGroup(both.Telegram)) > 0 && toGroup(both.Telegram)[0].Status == 429 })
	heldAt := toGroup(both.Telegram)[0].Time
	for i := range kills {
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		for chat, until := range both.Telegram.Held() {
			harness.Await(t, 30*time.Second, "the hold is on disk", func() bool { return keepsHold(s, chat, until) })
		}
		p.Kill()
		both.Telegram.AwaitNobody(t)
		for chat, until := range both.Telegram.Held() {
			if chat != -1001 && !keepsHold(s, chat, until) {
				both.Telegram.Lift(chat)
			}
		}
		s.Append(harness.BanRow(time.Now(), friend(1+i), "sshd", ""))
		p = s.Start()
	}
	l := toll{bans: kills + 1}
	harness.Await(t, time.Minute, "the other chat is told", func() bool {
		l.count(both)
		n := both.Mentions(groupIsDown)
		return l.lost == l.bans && n["42"] > 0 && n[discordtest.Channel] > 0
	})
	p.Stop()
	told := both.Discord.Messages()[slices.IndexFunc(both.Discord.Messages(), func(m discordtest.Message) bool {
		return strings.Contains(harness.Unescape(m.Content), groupIsDown)
	})].Time.Sub(heldAt)
	if n := both.Mentions(groupIsDown)[discordtest.Channel]; told > time.Minute || n != 1 {
		t.Errorf("Discord was told %d times, after %v", n, told)
	}
	if n := len(toGroup(both.Telegram)); n != 1 || both.Telegram.Early() > 0 {
		t.Errorf("%d requests for the held group, %d early in all, want the first and none early", n, both.Telegram.Early())
	}
	status, err := s.Kept().ChatStatus(t.Context(), store.Chat{Platform: "telegram", ID: "-1001"})
	if err != nil || status.Waiting != l.bans || status.BlockedUntil.Before(heldAt.Add(longHold)) || status.BlockedUntil.After(heldAt.Add(longHold+10*time.Second)) {
		t.Errorf("%v, kept of the group: %+v, held at %v", err, status, heldAt)
	}
	harness.Reached(t, "%d kills within a hold of %v: %d early requests, hold kept, Discord told after %v", kills, longHold, both.Telegram.Early(), told.Round(100*time.Millisecond))
}

func TestR05ALongRetryAfterIsWaitedOut(t *testing.T) {
	t.Parallel()
	const restarts = 20
	underTheClock(t, func(t *testing.T, b *bubble) {
		holdGroup(b.Telegram)
		stop := b.start()
		b.ban(0)
		began := time.Now()
		for i := range restarts {
			time.Sleep(longHold / (restarts + 1))
			stop()
			stop = b.start()
			b.ban(1 + i)
		}
		time.Sleep(time.Until(began.Add(longHold + 2*time.Minute)))
		stop()
		l := toll{bans: restarts + 1}
		l.count(b.Platforms)
		sent := toGroup(b.Telegram)
		if l.lost > 0 || b.Telegram.Early() > 0 || len(sent) < 2 {
			t.Fatalf("%d alerts lost, %d early requests, %d to the group", l.lost, b.Telegram.Early(), len(sent))
		}
		after := sent[1].Time.Sub(sent[0].Time) - longHold
		if after > 30*time.Second {
			t.Errorf("told %v after the hold was over", after)
		}
		told := time.Duration(-1)
		for _, m := range slices.Backward(b.Discord.Messages()) {
			if strings.Contains(harness.Unescape(m.Content), groupIsDown) {
				told = m.Time.Sub(sent[0].Time)
			}
		}
		if told < 0 || told > time.Minute {
			t.Errorf("Discord was told after %v", told)
		}
		for _, what := range []string{groupIsDown, "telegram -1001 gets my messages again"} {
			if n := b.Mentions(what); n["42"] != 1 || n[discordtest.Channel] != 1 || n["-1001"] != 0 {
				t.Errorf("told of %q: %v, want once in the others", what, n)
			}
		}
		harness.Reached(t, "%d restarts within %v: %d early requests, %d alerts lost, delivered %v after the hold, Discord told after %v",
			restarts, longHold, b.Telegram.Early(), l.lost, after.Round(time.Millisecond), told.Round(time.Millisecond))
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
			underTheClock(t, func(t *testing.T, b *bubble) {
				posts := 0
				b.Discord.Script(func(q discordtest.Request) discordtest.Fault {
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
				stop := b.start()
				for i := range bans { // as fast as a bucket of 5 in 2 s takes them
					b.ban(i)
					time.Sleep(400 * time.Millisecond)
				}
				time.Sleep(5 * time.Minute)
				stop()
				l := toll{bans: bans}
				l.count(b.Platforms)
				refused, early := 0, 0
				var open time.Time // no request before
				for i, q := range b.Discord.Requests(discordPosts) {
					if q.Time.Before(open) {
						early++
					}
					if q.Status == 429 {
						refused++
						open = q.Time.Add(map[int]time.Duration{bans/5 - 1: brief, bans/2 - 1: lasting}[i])
					}
				}
				if l.lost > 0 || l.copies[discordtest.Channel] > 0 || refused != 2 || early > 0 {
					t.Errorf("%d alerts lost, %d copies, %d × 429, %d early requests; want the two 429 of the test and no more",
						l.lost, l.copies[discordtest.Channel], refused, early)
				}
				harness.Reached(t, "%d of %d bans delivered, %d × 429, %d requests before Retry-After ends", bans-l.lost, bans, refused, early)
			})
		})
	}
}

// Everything is refused for days: by code, a token that was revoked, a chat that the bot was thrown out of, a token or a
// channel that never was. What asks by itself, and is counted by itself, is each Telegram chat, Telegram's listener, and
// all of Discord.
func TestR07InvalidRequestsStayRare(t *testing.T) {
	t.Parallel()
	hours := harness.Size(2, 6, 48)
	for _, code := range []int{401, 403, 404} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			underTheClock(t, func(t *testing.T, b *bubble) {
				b.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					if code != 403 || q.Method == "sendMessage" {
						return telegramtest.Refuse(code, "no")
					}
					return nil
				})
				pattern := discordPosts
				if code == 401 {
					pattern = ""
				}
				b.Discord.Fail(pattern, -1, discordtest.Refuse(code, 0, "no"))
				stop := b.start()
				began := time.Now()
				for hour := range hours {
					b.ban(hour)
					time.Sleep(time.Hour)
				}
				refused := map[string][]time.Time{}
				for _, q := range b.Telegram.Requests() {
					if q.Status == code {
						who := fmt.Sprint("Telegram ", q.Chat)
						refused[who] = append(refused[who], q.Time)
					}
				}
				for _, q := range b.Discord.Requests("") {
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
				b.Telegram.Script(nil)
				b.Discord.Heal()
				time.Sleep(20 * time.Minute)
				stop()
				l := toll{bans: hours}
				l.count(b.Platforms)
				if l.lost > 0 {
					t.Errorf("healed, and %d alerts lost", l.lost)
				}
				harness.Reached(t, "refused for %d h: %d requests at most in 10 minutes, then %d in 15 minutes; healed: %d alerts lost",
					hours, inTen, inFifteen, l.lost)
			}, `every = "1s"`, `every = "1m"`)
		})
	}
}

func TestR08FatalCloseIsFinal(t *testing.T) {
	t.Parallel()
	hours := harness.Size(1, 6, 24)
	for _, code := range []int{4004, 4014} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			underTheClock(t, func(t *testing.T, b *bubble) {
				b.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: code} })
				stop := b.start()
				for hour := range hours {
					b.ban(hour)
					time.Sleep(time.Hour)
				}
				stop()
				l := toll{bans: hours}
				l.count(b.Platforms)
				if n := len(b.Discord.Dials()); n != 1 || l.lost > 0 {
					t.Errorf("%d connections, want 1; %d alerts lost", n, l.lost)
				}
				harness.Reached(t, "%d reconnects in %d h; %d alerts lost", len(b.Discord.Dials())-1, hours, l.lost)
			}, `every = "1s"`, `every = "1m"`)
		})
	}
}

// The gateway lets the bot in and cuts the connection, or knows no session, and the bot is restarted 120 times meanwhile;
// in the long form, 300 times a day for two days.
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
			underTheClock(t, func(t *testing.T, b *bubble) {
				b.Discord.ScriptGateway(func() discordtest.Connection { return meets })
				for range restarts {
					stop := b.start()
					time.Sleep(pause)
					stop()
				}
				sent := b.Discord.Identifies()
				counted := identifies(t, b.Kept())
				lastDay := slices.DeleteFunc(slices.Clone(sent), func(at time.Time) bool { return time.Since(at) > 24*time.Hour })
				if n := most(sent, 24*time.Hour); n > 100 || n == 0 || len(counted) < len(lastDay) {
					t.Errorf("%d identifies in a day, want 100 at most; %d of the last %d counted on disk", n, len(counted), len(lastDay))
				}
				harness.Reached(t, "%d restarts, %d identifies a day at most, %d counted on disk for the %d of the last day",
					restarts, most(sent, 24*time.Hour), len(counted), len(lastDay))
			}, `every = "1s"`, `every = "1m"`)
		})
	}
}

// Real kills, while the gateway has forgotten every session: what the gateway has seen was on disk before.
func TestR08IdentifiesAreCountedBeforeAKill(t *testing.T) {
	t.Parallel()
	kills := harness.Size(4, 8, 300)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	both := harness.OnLoopback(t)
	both.Discord.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{ForgetsAll: true} })
	s := harness.NewQuietScene(t, both, harness.FriendlyV6...)
	for n := range kills {
		p := s.Start()
		if n == 0 { // on a slow machine the others may not get so far
			harness.Await(t, time.Minute, "an identify", func() bool { return len(both.Discord.Identifies()) > 0 })
		} else {
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		}
		p.Kill()
	}
	db := s.Kept()
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

// most is the largest number of times within any window of that length.
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

// identifies are those that are counted in the database.
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
