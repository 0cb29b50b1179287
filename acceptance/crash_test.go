package acceptance

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// crashRun runs one bot after another. Each is killed at a random moment, while bans come in and alerts go to a group,
// a person and a Discord channel. The platforms keep to their documented limits and answer late, so that a kill often
// falls between the arrival of a message and its confirmation; some of their answers are faults.
type crashRun struct {
	dropped float64 // share of posts that arrive and whose answer is lost
	limited float64 // share that get a 429
	failed  float64 // share that get a 502, and do not arrive

	others []harness.Fake // further platforms
	kills  int            // 0: as many as usual
	bans   int            // 0: as many as usual
}

// losses are what the crashes have cost.
type losses struct {
	kills, bans int
	chats       int
	lost        int            // alerts, over all chats
	copies      map[string]int // by chat: messages with an alert that the chat already had
	unmarked    int            // those of the copies that do not say that they may repeat, without Discord's
	drops       map[string]int // by chat: answers that were lost
	messages    map[string]int // by platform
	requests    map[string]int // by platform
	early       int            // requests to Telegram before a retry_after was over
}

func (l losses) String() string {
	telegram, discord := l.copies["-1001"]+l.copies["42"], l.copies[discordtest.Channel]
	rate := func(platform string) float64 {
		return float64(l.requests[platform]) / float64(max(l.messages[platform], 1))
	}
	return fmt.Sprintf("%d kills, %d answers lost, %d bans to %d chats: %d alerts lost; "+
		"copies: Telegram %d of %d messages, %d unmarked, Discord %d of %d; "+
		"requests per message: Telegram %.2f (%d early), Discord %.2f",
		l.kills, l.drops["-1001"]+l.drops["42"]+l.drops[discordtest.Channel], l.bans, l.chats, l.lost,
		telegram, l.messages["telegram"], l.unmarked, discord, l.messages["discord"],
		rate("telegram"), l.early, rate("discord"))
}

func TestR01NoAlertIsLostByACrash(t *testing.T) {
	t.Parallel()
	l := crashRun{}.run(t)
	harness.Reached(t, "%d kills, %d bans to 3 chats: %d alerts lost, integrity_check ok", l.kills, l.bans, l.lost)
}

func TestR02RepeatsAreBounded(t *testing.T) {
	t.Parallel()
	l := crashRun{dropped: 0.01}.run(t)
	for chat, copies := range l.copies {
		most := l.kills + l.drops[chat]
		if chat == discordtest.Channel {
			most = 0 // Discord recognizes a message that it already has
		}
		if copies > most {
			t.Errorf("%s got %d copies, want %d at most", chat, copies, most)
		}
	}
	harness.Reached(t, "%v", l)
}

func TestR03PossibleRepeatsAreMarked(t *testing.T) {
	t.Parallel()
	l := crashRun{dropped: 0.01, limited: 0.05, failed: 0.05}.run(t)
	harness.Reached(t, "%v", l)
}

// All platforms at once: the bots are killed while alerts go to chats on each.
func TestR01NoPlatformLosesAnAlertByACrash(t *testing.T) {
	t.Parallel()
	others := newOthers(t, false)
	l := crashRun{
		dropped: 0.01, limited: 0.05, failed: 0.05, others: others,
		kills: harness.Size(2, 3, 100), bans: harness.Size(12, 18, 1000),
	}.run(t)
	for _, f := range others {
		copies, drops := 0, 0
		for _, chat := range f.Chats() {
			copies, drops = copies+l.copies[chat], drops+l.drops[chat]
		}
		if most := (l.kills + 2) * len(f.Chats()); copies > most+drops {
			t.Errorf("%s got %d copies, want %d at most", f.Name(), copies, most+drops)
		}
		harness.Reached(t, "%s: %d copies, all marked; %d of its answers lost", f.Name(), copies, drops)
	}
	harness.Reached(t, "%v", l)
}

// run does it, and fails the test for every alert that is lost, for every copy that is not marked as one, and for a
// damaged database.
func (c crashRun) run(t *testing.T) losses {
	l := losses{kills: harness.Size(3, 6, 1000), bans: harness.Size(24, 48, 10_000), drops: map[string]int{}}
	l.kills, l.bans = cmp.Or(c.kills, l.kills), cmp.Or(c.bans, l.bans)
	life := time.Duration(harness.Size(800, 800, 2400)) * time.Millisecond // the longest that a bot lives
	random := harness.Random(t)

	both := harness.OnLoopback(t).With(c.others...)
	others := make([]map[string]int, len(both.Others))
	for i, f := range both.Others {
		others[i] = map[string]int{}
		f.Script(c.onOther(rand.New(rand.NewPCG(random.Uint64(), uint64(3+i))), others[i]))
	}
	telegram, discord := map[string]int{}, map[string]int{}
	both.Telegram.Script(c.onTelegram(rand.New(rand.NewPCG(random.Uint64(), 1)), telegram))
	both.Discord.Script(c.onDiscord(rand.New(rand.NewPCG(random.Uint64(), 2)), discord))
	s := harness.NewChatScene(t, both)

	w := writer{scene: s, random: random}
	pause := life / 2 * time.Duration(l.kills) / time.Duration(l.bans*5/4) // so that the last kills still find new bans
	for range l.kills {
		p := s.Start()
		for end := time.Now().Add(time.Duration(random.Int64N(int64(life)))); time.Now().Before(end); {
			time.Sleep(min(time.Until(end), time.Duration(random.Int64N(int64(2*pause)))))
			if w.bans < l.bans {
				w.write()
			}
		}
		p.Kill()
	}
	p := s.Start()
	for w.bans < l.bans {
		w.write()
	}
	w.finish()

	// A group takes no more than 20 messages a minute, and may be far behind: this waits for as long as there is
	// progress.
	for last, since := 0, time.Now(); time.Since(since) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
		l.count(both)
		if l.lost == 0 {
			break
		}
		if n := len(both.Posts()); n != last {
			last, since = n, time.Now()
		}
	}
	p.Stop()
	l.count(both)
	both.Telegram.Script(nil) // which leaves the counts of lost answers alone
	both.Discord.Script(nil)
	maps.Copy(l.drops, telegram)
	maps.Copy(l.drops, discord)
	for i, f := range both.Others {
		f.Script(nil)
		maps.Copy(l.drops, others[i])
	}
	t.Log(l)
	if l.lost > 0 || l.unmarked > 0 {
		t.Errorf("%d alerts lost, %d copies without a mark, want none", l.lost, l.unmarked)
	}
	if most := l.kills + l.drops["-1001"] + l.drops["42"]; l.early > most { // a bot can be killed before it keeps a 429
		t.Errorf("%d requests to Telegram before a retry_after was over, want %d at most", l.early, most)
	}
	checkIntegrity(t, s.Database)
	return l
}

// onTelegram chooses the fault for every post at random, and counts the answers that are lost.
func (c crashRun) onTelegram(random *rand.Rand, lost map[string]int) func(telegramtest.Request) telegramtest.Fault {
	return func(q telegramtest.Request) telegramtest.Fault {
		if q.Method != "sendMessage" {
			return nil
		}
		switch dice := random.Float64(); {
		case dice < c.dropped:
			lost[fmt.Sprint(q.Chat)]++
			return telegramtest.Drop()
		case dice < c.dropped+c.limited:
			return telegramtest.RetryAfter(time.Duration(1+random.IntN(3)) * time.Second)
		case dice < c.dropped+c.limited+c.failed:
			return telegramtest.Page(502)
		}
		return telegramtest.Slow(time.Duration(random.IntN(150)) * time.Millisecond)
	}
}

func (c crashRun) onDiscord(random *rand.Rand, lost map[string]int) func(discordtest.Request) discordtest.Fault {
	return func(q discordtest.Request) discordtest.Fault {
		if q.Method != http.MethodPost || !strings.HasSuffix(q.Path, "/messages") {
			return nil
		}
		switch dice := random.Float64(); {
		case dice < c.dropped:
			lost[discordtest.Channel]++
			return discordtest.Drop()
		case dice < c.dropped+c.limited:
			scopes := []string{"user", "shared", "global"}
			wait := time.Duration(376+random.IntN(2000)) * time.Millisecond
			return discordtest.RateLimit(wait, scopes[random.IntN(len(scopes))])
		case dice < c.dropped+c.limited+c.failed:
			return discordtest.Page(502)
		}
		return discordtest.Slow(time.Duration(random.IntN(150)) * time.Millisecond)
	}
}

// onOther is onTelegram for a platform that hears no commands.
func (c crashRun) onOther(random *rand.Rand, lost map[string]int) func(harness.Attempt) harness.Fault {
	return func(a harness.Attempt) harness.Fault {
		switch dice := random.Float64(); {
		case dice < c.dropped:
			lost[a.Chat]++
			return harness.Fault{What: harness.Lost}
		case dice < c.dropped+c.limited:
			return harness.Fault{What: harness.Limited, For: time.Duration(1+random.IntN(3)) * time.Second}
		case dice < c.dropped+c.limited+c.failed:
			return harness.Fault{What: harness.Broken}
		}
		return harness.Fault{What: harness.Slow, For: time.Duration(random.IntN(150)) * time.Millisecond}
	}
}

// count counts what has arrived.
func (l *losses) count(both harness.Platforms) {
	l.copies, l.unmarked, l.chats = map[string]int{}, 0, len(both.Chats())
	seen := map[[2]string]bool{} // chats and addresses
	for _, m := range both.Posts() {
		alerts, _ := harness.AlertsIn(m.Text)
		if slices.ContainsFunc(alerts, func(a string) bool { return seen[[2]string{m.Chat, a}] }) {
			l.copies[m.Chat]++
			if m.Chat != discordtest.Channel && !harness.Repeats(m.Text) {
				l.unmarked++
			}
		}
		for _, a := range alerts {
			seen[[2]string{m.Chat, a}] = true
		}
	}
	l.lost, _ = both.LostAndRepeated(both.Chats(), harness.Friends(l.bans))
	l.messages = map[string]int{"telegram": len(both.Telegram.Messages()), "discord": len(both.Discord.Messages())}
	l.requests = map[string]int{
		"telegram": len(both.Telegram.Requests("sendMessage")), "discord": len(both.Discord.Requests(discordPosts)),
	}
	l.early = both.Telegram.Early()
}

// writer appends bans of friends. Now and then it appends only the first half of a line: the other half follows next
// time, when the bot that saw the first may be dead.
type writer struct {
	scene  *harness.Scene
	random *rand.Rand
	bans   int
	half   string
}

func (w *writer) write() {
	line := w.half
	w.half = ""
	if line == "" {
		line = harness.BanRow(time.Now(), harness.Friend(w.bans), "sshd", "")
		w.bans++
		if w.random.IntN(4) == 0 {
			torn := w.random.IntN(len(line))
			line, w.half = line[:torn], line[torn:]
		}
	}
	w.scene.Append(line)
}

// finish appends the half of a line that may be left.
func (w *writer) finish() {
	w.scene.Append(w.half)
	w.half = ""
}

// checkIntegrity fails the test if the database is damaged.
func checkIntegrity(t *testing.T, path string) {
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
