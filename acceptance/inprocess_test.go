package acceptance

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/cli"
)

// inProcess is the whole program in the test's own process, so that days pass in seconds in a testing/synctest bubble.
// Its database and its files are real; the platforms are in memory.
type inProcess struct {
	t      *testing.T
	stdout harness.Transcript
	stderr harness.Transcript
	wake   func() // tells the bot that its files have grown; to watch them would stop the clock
	cancel context.CancelFunc
	ended  chan int // the exit code; nil once it was received
}

// startInProcess starts the bot, which connects to everything through dial.
func startInProcess(s *harness.Scene, dial func(context.Context, string, string) (net.Conn, error)) *inProcess {
	s.T.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.T.Context()))
	p := &inProcess{t: s.T, cancel: cancel, ended: make(chan int, 1), wake: func() {}}
	env := app.Env{
		In: strings.NewReader(""), Out: &p.stdout, Err: &p.stderr, Dial: dial,
		Watch: func(ctx context.Context, _ string, wake func()) error {
			p.wake = wake
			<-ctx.Done()
			return nil
		},
	}
	go func() { p.ended <- cli.Run(ctx, []string{"--config", s.Config}, env) }()
	s.T.Cleanup(func() {
		p.stop()
		if s.T.Failed() {
			s.T.Log("the program printed:\n" + p.stderr.String())
		}
	})
	return p
}

// stop asks the bot to stop, as a service manager does, and waits until it has.
func (p *inProcess) stop() {
	p.t.Helper()
	if p.ended == nil {
		return
	}
	p.cancel()
	if code := <-p.ended; code != 0 {
		p.t.Errorf("the bot ended with code %d", code)
	}
	p.ended, p.wake = nil, func() {}
}

// simulation is a scene with both platforms in a testing/synctest bubble, and the bot that runs in it.
type simulation struct {
	*harness.Scene
	harness.Platforms
	bot *inProcess
}

// simulate runs the test in a simulation with these changes to its configuration. Its clock starts on 1 January 2000 at
// 1:00 in Brussels.
func simulate(t *testing.T, test func(*testing.T, *simulation), changes ...harness.Change) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		test(t, &simulation{Scene: harness.NewChatScene(t, both, changes...), Platforms: both})
	})
}

// everyMinute makes the bot look for bans once a minute, which saves a long simulation most of its work.
var everyMinute = harness.Change{`every = "1s"`, `every = "1m"`}

// start starts the bot.
func (s *simulation) start() (stop func()) {
	s.bot = startInProcess(s.Scene, s.Dial)
	synctest.Wait()
	return s.bot.stop
}

// ban appends a ban of friend i, and wakes the bot.
func (s *simulation) ban(i int) {
	s.Ban(harness.Friend(i))
	if s.bot != nil {
		s.bot.wake()
	}
}
