package acceptance

import (
	"errors"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// A service manager's stop, at any moment: the program ends well and soon, what is under way is let to its end, and
// the next start goes on without a word too much.
func TestR27CleanStopIsClean(t *testing.T) {
	t.Parallel()
	stops := harness.Size(12, 12, 200)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	both := harness.OnLoopback(t)
	s := harness.NewQuietScene(t, both, "[-1001, 42]", "[41, 42]", harness.FriendlyRange[0], harness.FriendlyRange[1])
	answerLate(both, func() time.Duration { return time.Duration(1+rand.IntN(300)) * time.Millisecond })
	all := harness.Addresses(2 * stops)
	slowest := time.Duration(0)
	for i := range stops {
		p := s.Start()
		if i%2 == 0 { // it is stopped while it starts, too
			time.Sleep(100 * time.Millisecond)
		}
		for _, a := range all[2*i : 2*i+2] {
			s.Append(harness.BanRow(time.Now(), a, "sshd", ""))
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		begun := time.Now()
		if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := p.Cmd.Wait()
		slowest = max(slowest, time.Since(begun))
		if _, ended := errors.AsType[*exec.ExitError](err); ended && p.Cmd.ProcessState.ExitCode() == -1 && time.Since(begun) < time.Second {
			continue // it had not begun to listen for signals
		}
		if err != nil {
			t.Errorf("stop %d: %v\n%s", i, err, p.Text())
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("took %v to stop", slowest)
	}
	p := s.Start()
	everyChat := []string{"41", "42", discordtest.Channel}
	harness.Await(t, time.Minute, "all bans told", func() bool {
		told := both.Alerted()
		for _, chat := range everyChat {
			if len(told[chat]) < len(all) {
				return false
			}
		}
		return true
	})
	p.Stop()
	lost, repeated := both.LostAndRepeated(everyChat, all)
	marks := both.Mentions("(may repeat)")
	if lost+repeated > 0 || marks["41"]+marks["42"]+marks[discordtest.Channel] > 0 {
		t.Errorf("%d lost, %d repeated, marked as repeats: %v", lost, repeated, marks)
	}
	harness.Reached(t, "%d stops, the slowest %v, %d lost, %d repeated", stops, slowest.Round(time.Millisecond), lost, repeated)
}

// answerLate lets every post be answered after a time.
func answerLate(p harness.Platforms, after func() time.Duration) {
	p.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if strings.HasPrefix(q.Method, "send") {
			return telegramtest.Slow(after())
		}
		return nil
	})
	p.Discord.Script(func(q discordtest.Request) discordtest.Fault {
		if strings.HasSuffix(q.Path, "/messages") {
			return discordtest.Slow(after())
		}
		return nil
	})
}
