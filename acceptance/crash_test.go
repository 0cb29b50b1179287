package acceptance

import (
	"database/sql"
	"fmt"
	"maps"
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
)

// storm is what bots live through, one after the other: each is killed at a random moment, while bans come in and are
// told to a group, a person and a Discord channel. The platforms hold their documented limits, answer late, so that a
// kill often falls between a message's arrival and its confirmation, and badly.
type storm struct {
	drops float64 // share of posts that arrive and whose answer is lost
	full  float64 // share that meet a 429
	bad   float64 // share that meet a 502, and do not arrive
}

// toll is what it has cost.
type toll struct {
	kills, bans int
	lost        int            // alerts, over all chats
	copies      map[string]int // messages that tell again what their chat had been told, by chat
	unmarked    int            // of them, on Telegram: those that do not say that they may repeat
	drops       map[string]int // by chat; Discord's channel is one
	messages    map[string]int // by platform
	requests    map[string]int
	early       int // requests to Telegram before a retry_after was over
}

func (l toll) String() string {
	telegram, discord := l.copies["-1001"]+l.copies["42"], l.copies[discordtest.Channel]
	rate := func(platform string) float64 {
		return float64(l.requests[platform]) / float64(max(l.messages[platform], 1))
	}
	return fmt.Sprintf("%d kills, %d answers lost, %d bans to 3 chats: %d alerts lost; copies: Telegram %d of %d messages, %d unmarked, Discord %d of %d; "+
		"requests per message: Telegram %.2f (%d early), Discord %.2f",
		l.kills, l.drops["-1001"]+l.drops["42"]+l.drops[discordtest.Channel], l.bans, l.lost,
		telegram, l.messages["telegram"], l.unmarked, discord, l.messages["discord"], rate("telegram"), l.early, rate("discord"))
}

func TestR01NoAlertIsLostByACrash(t *testing.T) {
	t.Parallel()
	l := storm{}.pass(t)
	harness.Reached(t, "%d kills, %d bans to 3 chats: %d alerts lost, integrity_check ok", l.kills, l.bans, l.lost)
}

func TestR02RepeatsAreBounded(t *testing.T) {
	t.Parallel()
	l := storm{drops: 0.01}.pass(t)
	for chat, copies := range l.copies {
		most := l.kills + l.drops[chat]
		if chat == discordtest.Channel {
			most = 0 // it knows a message again
		}
		if copies > most {
			t.Errorf("%s got %d copies, want %d at most", chat, copies, most)
		}
	}
	harness.Reached(t, "%v", l)
}

func TestR03APossibleRepeatSaysSo(t *testing.T) {
	t.Parallel()
	l := storm{drops: 0.01, full: 0.05, bad: 0.05}.pass(t)
	harness.Reached(t, "%v", l)
}

// pass lets the storm pass, and fails the test for every alert that is lost, for every copy that does not say so, and
// for a damaged database.
func (s storm) pass(t *testing.T) toll {
	l := toll{kills: harness.Size(3, 6, 1000), bans: harness.Size(24, 48, 10_000), drops: map[string]int{}}
	life := time.Duration(harness.Size(800, 800, 2400)) * time.Millisecond // a bot's, at most
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	both := harness.OnLoopback(t)
	telegram, discord := map[string]int{}, map[string]int{}
	both.Telegram.Script(s.onTelegram(rand.New(rand.NewPCG(seed, 1)), telegram))
	both.Discord.Script(s.onDiscord(rand.New(rand.NewPCG(seed, 2)), discord))
	w := harness.NewQuietScene(t, both, harness.FriendlyV6...)

	write := scribe{scene: w, random: random}
	pause := life / 2 * time.Duration(l.kills) / time.Duration(l.bans*5/4) // so that the last kills still find new bans
	for range l.kills {
		p := w.Start()
		for end := time.Now().Add(time.Duration(random.Int64N(int64(life)))); time.Now().Before(end); {
			time.Sleep(min(time.Until(end), time.Duration(random.Int64N(int64(2*pause)))))
			if write.bans < l.bans {
				write.some()
			}
		}
		p.Kill()
	}
	p := w.Start()
	for write.bans < l.bans {
		write.some()
	}
	write.rest()

	// A group takes no more than 20 messages a minute, and may be far behind.
	for last, since := 0, time.Now(); time.Since(since) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
		l.count(both)
		if l.lost == 0 {
			break
		}
		if n := l.messages["telegram"] + l.messages["discord"]; n != last {
			last, since = n, time.Now()
		}
	}
	p.Stop()
	l.count(both)
	both.Telegram.Script(nil) // the counts of lost answers are at rest
	both.Discord.Script(nil)
	maps.Copy(l.drops, telegram)
	maps.Copy(l.drops, discord)
	t.Log(l)
	if l.lost > 0 || l.unmarked > 0 {
		t.Errorf("%d alerts lost, %d copies without a mark, want none", l.lost, l.unmarked)
	}
	if most := l.kills + l.drops["-1001"] + l.drops["42"]; l.early > most { // a 429 can die with the bot that it was for
		t.Errorf("%d requests to Telegram before a retry_after was over, want %d at most", l.early, most)
	}
	sound(t, filepath.Join(w.Dir, "state", "friendlyfire.db"))
	return l
}

// onTelegram draws the fault of every post, and counts the answers that are lost.
func (s storm) onTelegram(random *rand.Rand, lost map[string]int) func(telegramtest.Request) telegramtest.Fault {
	return func(q telegramtest.Request) telegramtest.Fault {
		if q.Method != "sendMessage" {
			return nil
		}
		switch dice := random.Float64(); {
		case dice < s.drops:
			lost[fmt.Sprint(q.Chat)]++
			return telegramtest.Drop()
		case dice < s.drops+s.full:
			return telegramtest.RetryAfter(time.Duration(1+random.IntN(3)) * time.Second)
		case dice < s.drops+s.full+s.bad:
			return telegramtest.Page(502)
		}
		return telegramtest.Slow(time.Duration(random.IntN(150)) * time.Millisecond)
	}
}

func (s storm) onDiscord(random *rand.Rand, lost map[string]int) func(discordtest.Request) discordtest.Fault {
	return func(q discordtest.Request) discordtest.Fault {
		if q.Method != http.MethodPost || !strings.HasSuffix(q.Path, "/messages") {
			return nil
		}
		switch dice := random.Float64(); {
		case dice < s.drops:
			lost[discordtest.Channel]++
			return discordtest.Drop()
		case dice < s.drops+s.full:
			scopes := []string{"user", "shared", "global"}
			return discordtest.RateLimit(time.Duration(376+random.IntN(2000))*time.Millisecond, scopes[random.IntN(len(scopes))])
		case dice < s.drops+s.full+s.bad:
			return discordtest.Page(502)
		}
		return discordtest.Slow(time.Duration(random.IntN(150)) * time.Millisecond)
	}
}

// count counts what has arrived.
func (l *toll) count(both harness.Platforms) {
	l.copies, l.unmarked = map[string]int{}, 0
	told := map[string]map[string]bool{} // by chat, the addresses
	add := func(chat, text string) {
		if told[chat] == nil {
			told[chat] = map[string]bool{}
		}
		alerts := alertOf.FindAllStringSubmatch(text, -1)
		if slices.ContainsFunc(alerts, func(a []string) bool { return told[chat][a[1]] }) {
			l.copies[chat]++
			if chat != discordtest.Channel && !strings.HasPrefix(text, "(may repeat) ") {
				l.unmarked++
			}
		}
		for _, a := range alerts {
			told[chat][a[1]] = true
		}
	}
	telegram, discord := both.Telegram.Messages(), both.Discord.Messages()
	for _, m := range telegram {
		add(fmt.Sprint(m.Chat), m.Text)
	}
	for _, m := range discord {
		add(m.Channel, harness.Unescape(m.Content))
	}
	l.messages = map[string]int{"telegram": len(telegram), "discord": len(discord)}
	l.requests = map[string]int{
		"telegram": len(both.Telegram.Requests("sendMessage")), "discord": len(both.Discord.Requests("POST /channels/*/messages")),
	}
	l.early, l.lost = both.Telegram.Early(), 0
	for _, chat := range harness.EveryChat {
		for i := range l.bans {
			if !told[chat][friend(i)] {
				l.lost++
			}
		}
	}
}

var alertOf = harness.AlertForm()

// friend is an address of a friendly network, another for each i from 0.
func friend(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }

// scribe writes bans of friends, and now and then only the first half of a line: the other half comes next time, when
// the bot that saw the first may be dead.
type scribe struct {
	scene  *harness.Scene
	random *rand.Rand
	bans   int
	half   string
}

func (s *scribe) some() {
	line := s.half
	s.half = ""
	if line == "" {
		line = harness.BanRow(time.Now(), friend(s.bans), "sshd", "")
		s.bans++
		if s.random.IntN(4) == 0 {
			torn := s.random.IntN(len(line))
			line, s.half = line[:torn], line[torn:]
		}
	}
	s.scene.Append(line)
}

// rest writes the half line that may be left.
func (s *scribe) rest() {
	s.scene.Append(s.half)
	s.half = ""
}

// sound fails the test unless the database is whole.
func sound(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
}
