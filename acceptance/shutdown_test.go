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

// A service manager may stop the program at any moment: it ends soon and with code 0, finishes what is under way, and
// the next start goes on without repeating anything.
func TestR27CleanStopIsClean(t *testing.T) {
	t.Parallel()
	stops := harness.Size(12, 12, 200)
	random := harness.Random(t)

	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{"[-1001, 42]", "[41, 42]"})
	delayAnswers(both, func() time.Duration { return time.Duration(1+rand.IntN(300)) * time.Millisecond })
	all := harness.Friends(2 * stops)
	slowest := time.Duration(0)
	for i := range stops {
		p := s.Start()
		if i%2 == 0 { // the others are stopped while they start
			time.Sleep(100 * time.Millisecond)
		}
		for _, a := range all[2*i : 2*i+2] {
			s.Ban(a)
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		begun := time.Now()
		if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := p.Cmd.Wait()
		slowest = max(slowest, time.Since(begun))
		_, ended := errors.AsType[*exec.ExitError](err)
		if ended && p.Cmd.ProcessState.ExitCode() == -1 && time.Since(begun) < time.Second {
			continue // it was not yet listening for signals
		}
		if err != nil {
			t.Errorf("stop %d: %v\n%s", i, err, p.Text())
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("took %v to stop", slowest)
	}
	p := s.Start()
	chats := []string{"41", "42", discordtest.Channel}
	both.AwaitAlerts(t, time.Minute, chats, all)
	p.Stop()
	lost, repeated := both.LostAndRepeated(chats, all)
	marks := both.Mentions(" (may repeat)")
	if lost+repeated > 0 || marks["41"]+marks["42"]+marks[discordtest.Channel] > 0 {
		t.Errorf("%d lost, %d repeated, marked as repeats: %v", lost, repeated, marks)
	}
	harness.Reached(t, "%d stops, the slowest %v, %d lost, %d repeated",
		stops, slowest.Round(time.Millisecond), lost, repeated)
}

// delayAnswers delays the answer to every post.
func delayAnswers(p harness.Platforms, delay func() time.Duration) {
	p.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if strings.HasPrefix(q.Method, "send") {
			return telegramtest.Slow(delay())
		}
		return nil
	})
	p.Discord.Script(func(q discordtest.Request) discordtest.Fault {
		if strings.HasSuffix(q.Path, "/messages") {
			return discordtest.Slow(delay())
		}
		return nil
	})
}
