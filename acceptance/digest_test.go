package acceptance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// digest is in every digest, and in no other message.
const digest = "sources healthy"

// noon is a time zone in which it is now between noon and one o'clock.
func noon() string { return fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12) }

// A bot that is killed or suspended again and again around the time of the digest posts one digest.
func TestR22OneDigestADay(t *testing.T) {
	t.Parallel()
	kills := harness.Size(8, 8, 200)
	random := harness.Random(t)

	both := harness.OnLoopback(t)
	delayAnswers(both, func() time.Duration { return time.Duration(1+rand.IntN(300)) * time.Millisecond })
	zone, err := time.LoadLocation(noon())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().In(zone)
	if harness.Long { // the time of the digest comes between the kills
		at = at.Add(80 * time.Second)
	}
	s := harness.NewChatScene(t, both, harness.Change{
		`timezone = "Europe/Brussels"`, fmt.Sprintf("timezone = %q", zone),
		`at = ""`, fmt.Sprintf("at = %q", at.Format("15:04")),
	})
	s.Backdate(48 * time.Hour)

	for range kills {
		p := s.Start()
		s.Ban(harness.Foreign)
		time.Sleep(time.Duration(100+random.IntN(600)) * time.Millisecond)
		if random.IntN(5) == 0 {
			p.Signal(syscall.SIGSTOP)
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
			p.Signal(syscall.SIGCONT)
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		p.Kill()
	}
	p := s.Start()
	harness.Await(t, 2*time.Minute, "a digest in each chat", func() bool { return both.InEveryChat(digest) })
	time.Sleep(4 * time.Second) // a second digest would have come by now
	p.Stop()
	unmarked, repeats := both.Mentions(digest), 0
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, digest) && harness.Repeats(m.Text) {
			unmarked[fmt.Sprint(m.Chat)]--
			repeats++
		}
	}
	for _, chat := range harness.AllChats {
		if n := unmarked[chat]; n > 1 || n < 0 {
			t.Errorf("%s has %d digests that are not marked as repeats", chat, n)
		}
	}
	harness.Reached(t, "%d kills around the hour: one digest in each chat, %d marked copies", kills, repeats)
}

// A machine that was asleep at the time of the digest posts it when it wakes.
func TestR22DigestAfterSleep(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		nights, slowest := harness.Size(2, 2, 30), time.Duration(0)
		for night := range nights {
			stop := s.start()
			time.Sleep(time.Hour)
			stop()
			time.Sleep(8 * time.Hour)
			woken := time.Now()
			stop = s.start()
			harness.Await(t, time.Hour, "a digest after a night", func() bool { return s.Exactly(digest, night+1) })
			slowest = max(slowest, time.Since(woken))
			time.Sleep(time.Hour)
			stop()
			time.Sleep(time.Until(woken.Add(15 * time.Hour)))
		}
		if !s.Exactly(digest, nights) || slowest > 5*time.Minute {
			t.Errorf("%v after %d nights, the slowest after %v", s.Mentions(digest), nights, slowest)
		}
		harness.Reached(t, "%d nights slept over: a digest each within %v of waking", nights, slowest)
	}, everyMinute, harness.Change{`at = ""`, `at = "08:00"`})
}
