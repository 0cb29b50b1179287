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

// reading is what the program takes at a moment.
type reading struct {
	at                        time.Duration
	rss, threads, descriptors int // rss in kB
	wal                       int64
}

// slope is the growth of resident memory in MB an hour: the median of the slopes between all pairs of samples, which a
// collection of garbage here and a picture there do not move.
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

// A ban a second, a fault in a hundred requests, two commands a minute: nothing grows, and nothing is lost. The full
// hour may be cut short by FRIENDLYFIRE_TEST_SOAK, "20m" for one.
func TestR28RunsForWeeks(t *testing.T) {
	t.Parallel()
	length := 8 * time.Second
	if harness.Long {
		var err error
		if length, err = time.ParseDuration(cmp.Or(os.Getenv("FRIENDLYFIRE_TEST_SOAK"), "1h")); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	both := harness.OnLoopback(t)
	failNowAndThen(both, seed)
	s := harness.NewQuietScene(t, both, harness.FriendlyRange...)
	if harness.Long { // a database that is larger than its caches, which would otherwise fill for hours
		s.Append(oldRows(100_000))
	}
	p := s.Start()
	time.Sleep(time.Second)
	all := harness.Addresses(int(length / time.Second))
	begun := time.Now()
	var samples []reading
	for i, a := range all {
		s.Append(harness.BanRow(time.Now(), a, "sshd", "Failed password for anna from "+a))
		if i%30 == 5 {
			both.Telegram.Say(42, 0, 7, []string{"/report country 24h", "/status"}[i/30%2])
		}
		samples = append(samples, reading{time.Since(begun), p.Status("VmRSS"), p.Status("Threads"), p.Descriptors(), harness.FileSize(s.Dir, "state", "friendlyfire.db-wal")})
		time.Sleep(time.Until(begun.Add(time.Duration(i+1) * time.Second)))
	}
	lost := 0
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if lost, _ = both.LostAndRepeated(harness.EveryChat, all); lost == 0 {
			break
		}
	}
	p.Stop()
	_, repeated := both.LostAndRepeated(harness.EveryChat, all)

	warm := samples[len(samples)/3:] // the caches of the database and the heap have found their size
	most := func(of func(reading) int, samples []reading) int {
		n := 0
		for _, s := range samples {
			n = max(n, of(s))
		}
		return n
	}
	descriptors := func(s reading) int { return s.descriptors }
	threads := func(s reading) int { return s.threads }
	half := len(warm) / 2
	moreDescriptors := most(descriptors, warm[half:]) - most(descriptors, warm[:half])
	moreThreads := most(threads, warm[half:]) - most(threads, warm[:half])
	wal := most(func(s reading) int { return int(s.wal) }, samples)
	if lost > 0 || moreDescriptors > 5 || moreThreads > 5 || wal > 16<<20 {
		t.Errorf("%d lost, %+d descriptors, %+d threads, write-ahead log of %d bytes", lost, moreDescriptors, moreThreads, wal)
	}
	grows := "memory not looked at"
	if harness.Long {
		every := warm[:0:0]
		for i := 0; i < len(warm); i += 10 {
			every = append(every, warm[i])
		}
		rise := slope(every)
		grows = fmt.Sprintf("RSS %d MB, %+.2f MB/h", warm[len(warm)-1].rss>>10, rise)
		if rise >= 1 {
			t.Errorf("resident memory grows by %.2f MB/h", rise)
		}
	}
	harness.Reached(t, "%v: %d bans, %d lost, %d marked copies, %s, %+d descriptors, %+d threads, WAL %.1f MB at most",
		length, len(all), lost, repeated, grows, moreDescriptors, moreThreads, float64(wal)/(1<<20))
}

// failNowAndThen lets one request of a hundred fail, each in another way.
func failNowAndThen(p harness.Platforms, seed uint64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	chosen := func(of int) int { // -1: none
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(100) > 0 {
			return -1
		}
		return random.IntN(of)
	}
	p.Telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		faults := []telegramtest.Fault{
			telegramtest.Cut(), telegramtest.Drop(), telegramtest.Page(502), telegramtest.RetryAfter(3 * time.Second), telegramtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
	p.Discord.Script(func(discordtest.Request) discordtest.Fault {
		faults := []discordtest.Fault{
			discordtest.Cut(), discordtest.Drop(), discordtest.Page(502), discordtest.RateLimit(3*time.Second, "user"), discordtest.Slow(2 * time.Second),
		}
		if i := chosen(len(faults)); i >= 0 {
			return faults[i]
		}
		return nil
	})
}
