package acceptance

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/store"
)

// noon is a zone where it is between twelve and one o'clock.
func noon() string { return fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12) }

// A bot that is killed, and halted, again and again around the hour of the digest posts one.
func TestR22OneDigestADay(t *testing.T) {
	t.Parallel()
	kills := harness.Size(8, 8, 200)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	both := harness.OnLoopback(t)
	answerLate(both, func() time.Duration { return time.Duration(1+rand.IntN(300)) * time.Millisecond })
	zone, err := time.LoadLocation(noon())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().In(zone)
	if harness.Long { // the hour comes while it is killed
		at = at.Add(80 * time.Second)
	}
	s := harness.NewTokenScene(t, strings.NewReplacer(
		`timezone = "Europe/Brussels"`, fmt.Sprintf("timezone = %q", zone), `at = "00:00"`, fmt.Sprintf("at = %q", at.Format("15:04")),
		`every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"",
	).Replace(both.Config()))
	db, err := store.Open(t.Context(), filepath.Join(s.Dir, "state", "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetValue(t.Context(), "store/born", fmt.Sprint(time.Now().Add(-48*time.Hour).Unix())); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	const digest = "sources healthy"
	for range kills {
		p := s.Start()
		s.Append(harness.BanRow(time.Now(), harness.Foreign, "sshd", ""))
		time.Sleep(time.Duration(100+random.IntN(600)) * time.Millisecond)
		if random.IntN(5) == 0 {
			p.Signal(syscall.SIGSTOP)
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
			p.Signal(syscall.SIGCONT)
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		p.Signal(syscall.SIGKILL)
		p.Cmd.Wait() // it was killed
	}
	p := s.Start()
	harness.Await(t, 2*time.Minute, "a digest in each chat", func() bool { return both.SaidEverywhere(digest) })
	time.Sleep(4 * time.Second) // a second one would come by now
	p.Stop()
	told, repeats := both.Mentions(digest), 0
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, digest) && strings.HasPrefix(m.Text, "(may repeat)") {
			told[fmt.Sprint(m.Chat)]--
			repeats++
		}
	}
	for _, chat := range harness.EveryChat {
		if n := told[chat]; n > 1 || n < 0 {
			t.Errorf("%s has %d digests that do not say they may repeat", chat, n)
		}
	}
	harness.Reached(t, "%d kills around the hour: one digest in each chat, %d marked copies", kills, repeats)
}

// A machine that slept over the hour posts its digest when it wakes.
func TestR22DigestAfterSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // from one o'clock in Brussels
		both := harness.InMemory(t)
		s := harness.NewTokenScene(t, strings.NewReplacer(
			`at = "00:00"`, `at = "08:00"`, `every = "1s"`, "every = \"1m\"\nsilent_after = \"0s\"",
		).Replace(both.Config()))
		nights, slowest := harness.Size(2, 2, 30), time.Duration(0)
		for night := range nights {
			p := startInProcess(s, both.Dial)
			time.Sleep(time.Hour)
			p.stop()
			time.Sleep(8 * time.Hour)
			woken := time.Now()
			p = startInProcess(s, both.Dial)
			for !both.Everywhere("sources healthy", night+1) {
				if time.Since(woken) > time.Hour {
					t.Fatalf("no digest after a night: %v", both.Mentions("sources healthy"))
				}
				time.Sleep(time.Second)
			}
			slowest = max(slowest, time.Since(woken))
			time.Sleep(time.Hour)
			p.stop()
			time.Sleep(time.Until(woken.Add(15 * time.Hour)))
		}
		if !both.Everywhere("sources healthy", nights) || slowest > 5*time.Minute {
			t.Errorf("%v after %d nights, the slowest after %v", both.Mentions("sources healthy"), nights, slowest)
		}
		harness.Reached(t, "%d nights slept over: a digest each within %v of waking", nights, slowest)
	})
}
