package acceptance

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/cli"
)

// inProcess is the whole program in the test's own process, for a testing/synctest bubble: days pass in seconds. Its
// database and its files are real; the platforms are in memory.
type inProcess struct {
	t       *testing.T
	said    harness.Transcript // to standard error
	printed harness.Transcript // to standard output
	wake    func()             // tells the bot that its files have grown: to watch one would stop the clock
	cancel  context.CancelFunc
	ended   chan int // the exit code; nil once it has
}

// startInProcess starts the bot, which reaches the world through dial.
func startInProcess(s *harness.Scene, dial func(context.Context, string, string) (net.Conn, error)) *inProcess {
	s.T.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.T.Context()))
	p := &inProcess{t: s.T, cancel: cancel, ended: make(chan int, 1), wake: func() {}}
	env := app.Env{
		In: strings.NewReader(""), Out: &p.printed, Err: &p.said, Dial: dial,
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
			s.T.Log("the program said:\n" + p.said.String())
		}
	})
	return p
}

// stop ends the bot as a service manager does, and waits until it has ended.
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

// bubble is a scene of both platforms under a clock of its own, with the bot that runs in it.
type bubble struct {
	*harness.Scene
	harness.Platforms
	bot *inProcess
}

// underTheClock runs the test in a bubble, in a quiet scene in which 2001:db8::/32 is friendly, and with other
// changes of the configuration, in pairs of old and new.
func underTheClock(t *testing.T, test func(*testing.T, *bubble), changes ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		both := harness.InMemory(t)
		test(t, &bubble{Scene: harness.NewQuietScene(t, both, append(harness.FriendlyV6, changes...)...), Platforms: both})
	})
}

// start starts the bot, and stop ends it.
func (b *bubble) start() (stop func()) {
	b.bot = startInProcess(b.Scene, b.Dial)
	synctest.Wait()
	return b.bot.stop
}

// ban appends the ban of friend i.
func (b *bubble) ban(i int) {
	b.Append(harness.BanRow(time.Now(), friend(i), "sshd", ""))
	if b.bot != nil {
		b.bot.wake()
	}
}
