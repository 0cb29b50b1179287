package main

import (
	"errors"
	"math/rand/v2"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"friendlyfire/bot/discord/discordtest"
)

// A service manager's stop, at any moment: the program ends well and soon, what is under way is let to its end, and
// the next start goes on without a word too much.
func TestR27CleanStopIsClean(t *testing.T) {
	t.Parallel()
	stops := size(12, 12, 200)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	both := onLoopback(t)
	s := newQuietScene(t, both, "[-1001, 42]", "[41, 42]", friendlyRange[0], friendlyRange[1])
	both.answerLate(func() time.Duration { return time.Duration(1+rand.IntN(300)) * time.Millisecond })
	all := addresses(2 * stops)
	slowest := time.Duration(0)
	for i := range stops {
		p := s.start()
		if i%2 == 0 { // it is stopped while it starts, too
			time.Sleep(100 * time.Millisecond)
		}
		for _, a := range all[2*i : 2*i+2] {
			s.append(ban(time.Now(), a, "sshd", ""))
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		begun := time.Now()
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := p.cmd.Wait()
		slowest = max(slowest, time.Since(begun))
		if _, ended := errors.AsType[*exec.ExitError](err); ended && p.cmd.ProcessState.ExitCode() == -1 && time.Since(begun) < time.Second {
			continue // it had not begun to listen for signals
		}
		if err != nil {
			t.Errorf("stop %d: %v\n%s", i, err, p.text())
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("took %v to stop", slowest)
	}
	p := s.start()
	everyChat := []string{"41", "42", discordtest.Channel}
	await(t, time.Minute, "all bans told", func() bool {
		told := both.alerted()
		for _, chat := range everyChat {
			if len(told[chat]) < len(all) {
				return false
			}
		}
		return true
	})
	p.stop()
	lost, repeated := both.lostAndRepeated(everyChat, all)
	marks := both.mentions("(may repeat)")
	if lost+repeated > 0 || marks["41"]+marks["42"]+marks[discordtest.Channel] > 0 {
		t.Errorf("%d lost, %d repeated, marked as repeats: %v", lost, repeated, marks)
	}
	reached(t, "%d stops, the slowest %v, %d lost, %d repeated", stops, slowest.Round(time.Millisecond), lost, repeated)
}
