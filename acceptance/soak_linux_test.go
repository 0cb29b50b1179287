package acceptance

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// reading is what the program uses at a moment.
type reading struct {
	at                        time.Duration
	rss, threads, descriptors int // rss in kB
	wal                       int64
}

// slope is the growth of resident memory in MB per hour: the median of the slopes between all pairs of samples, which
// is robust against a garbage collection here and a picture there.
func slope(samples []reading) float64 {
	var all []float64
	for i, a := range samples {
		for _, b := range samples[:i] {
			all = append(all, float64(a.rss-b.rss)/1024/(a.at-b.at).Hours())
		}
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// A ban a second, a fault in every hundredth request, two commands a minute: nothing grows, and nothing is lost. With
// -tags=long it takes an hour, or as long as FRIENDLYFIRE_TEST_SOAK says: "20m", for instance.
func TestR28RunsForWeeks(t *testing.T) {
	t.Parallel()
	length := 8 * time.Second
	if harness.Long {
		var err error
		if length, err = time.ParseDuration(cmp.Or(os.Getenv("FRIENDLYFIRE_TEST_SOAK"), "1h")); err != nil {
			t.Fatal(err)
		}
	}
	both := harness.OnLoopback(t)
	failNowAndThen(both, harness.Random(t))
	s := harness.NewChatScene(t, both)
	if harness.Long { // a database larger than its caches, which would otherwise take hours to fill
		s.Append(oldRows(100_000))
	}
	p := s.Start()
	time.Sleep(time.Second)
	all := harness.Friends(int(length / time.Second))
	begun := time.Now()
	var samples []reading
	for i, a := range all {
		s.Append(harness.BanRow(time.Now(), a, "sshd", "Failed password for anna from "+a))
		if i%30 == 5 {
			both.Telegram.Say(42, 0, 7, []string{"/report country 24h", "/status"}[i/30%2])
		}
		samples = append(samples, reading{
			time.Since(begun), p.Status("VmRSS"), p.Status("Threads"), p.Descriptors(),
			harness.FileSize(s.Database + "-wal"),
		})
		time.Sleep(time.Until(begun.Add(time.Duration(i+1) * time.Second)))
	}
	both.AwaitAlerts(t, 3*time.Minute, harness.AllChats, all)
	p.Stop()
	lost, repeated := both.LostAndRepeated(harness.AllChats, all)

	warm := samples[len(samples)/3:] // by then, the database's caches and the heap have reached their size
	largest := func(of func(reading) int, samples []reading) int {
		n := 0
		for _, s := range samples {
			n = max(n, of(s))
		}
		return n
	}
	descriptors := func(s reading) int { return s.descriptors }
	threads := func(s reading) int { return s.threads }
	half := len(warm) / 2
	moreDescriptors := largest(descriptors, warm[half:]) - largest(descriptors, warm[:half])
	moreThreads := largest(threads, warm[half:]) - largest(threads, warm[:half])
	wal := largest(func(s reading) int { return int(s.wal) }, samples)
	if lost > 0 || moreDescriptors > 5 || moreThreads > 5 || wal > 16<<20 {
		t.Errorf("%d lost, %+d descriptors, %+d threads, write-ahead log of %d bytes",
			lost, moreDescriptors, moreThreads, wal)
	}
	memory := "memory not measured"
	if harness.Long {
		var tenth []reading
		for i := 0; i < len(warm); i += 10 {
			tenth = append(tenth, warm[i])
		}
		rise := slope(tenth)
		memory = fmt.Sprintf("RSS %d MB, %+.2f MB/h", warm[len(warm)-1].rss>>10, rise)
		if rise >= 1 {
			t.Errorf("resident memory grows by %.2f MB/h", rise)
		}
	}
	harness.Reached(t, "%v: %d bans, %d lost, %d marked copies, %s, %+d descriptors, %+d threads, WAL %.1f MB at most",
		length, len(all), lost, repeated, memory, moreDescriptors, moreThreads, float64(wal)/(1<<20))
}

// failNowAndThen lets one request in a hundred fail, in various ways.
func failNowAndThen(p harness.Platforms, random *rand.Rand) {
	var mu sync.Mutex
	choose := func(of int) int { // -1: none
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(100) > 0 {
			return -1
		}
		return random.IntN(of)
	}
	p.Telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		faults := []telegramtest.Fault{
			telegramtest.Cut(), telegramtest.Drop(), telegramtest.Page(502), telegramtest.RetryAfter(3 * time.Second),
			telegramtest.Slow(2 * time.Second),
		}
		if i := choose(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
	p.Discord.Script(func(discordtest.Request) discordtest.Fault {
		faults := []discordtest.Fault{
			discordtest.Cut(), discordtest.Drop(), discordtest.Page(502), discordtest.RateLimit(3*time.Second, "user"),
			discordtest.Slow(2 * time.Second),
		}
		if i := choose(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
}
