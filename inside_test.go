package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inProcess is the whole program in the test's own process, for a testing/synctest bubble: days pass in seconds. Its
// database and its files are real; the platforms are in memory.
type inProcess struct {
	t       *testing.T
	said    transcript // to standard error
	printed transcript // to standard output
	wake    func()     // tells the bot that its files have grown: to watch one would stop the clock
	cancel  context.CancelFunc
	ended   chan error // nil once it has
}

// startInProcess starts the bot, which reaches the world through dial.
func startInProcess(s *scene, dial func(context.Context, string, string) (net.Conn, error)) *inProcess {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	p := &inProcess{t: s.t, cancel: cancel, ended: make(chan error, 1), wake: func() {}}
	env := Env{
		File: s.config, In: strings.NewReader(""), Out: &p.printed, Err: &p.said, Dial: dial,
		Watch: func(ctx context.Context, _ string, wake func()) error {
			p.wake = wake
			<-ctx.Done()
			return nil
		},
	}
	go func() {
		p.ended <- runBot(ctx, false, env)
	}()
	s.t.Cleanup(func() {
		p.stop()
		if s.t.Failed() {
			s.t.Log("the program said:\n" + p.said.String())
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
	if err := <-p.ended; err != nil {
		p.t.Error(err)
	}
	p.ended, p.wake = nil, func() {}
}

// bubble is a scene of both platforms under a clock of its own, with the bot that runs in it.
type bubble struct {
	*scene
	platforms
	bot *inProcess
}

// underTheClock runs the test in a bubble, in a quiet scene in which 2001:db8::/32 is friendly, and with other
// changes of the configuration, in pairs of old and new.
func underTheClock(t *testing.T, test func(*testing.T, *bubble), changes ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		both := inMemory(t)
		test(t, &bubble{scene: newQuietScene(t, both, append(friendlyV6, changes...)...), platforms: both})
	})
}

// start starts the bot, and stop ends it.
func (b *bubble) start() (stop func()) {
	b.bot = startInProcess(b.scene, b.dial)
	synctest.Wait()
	return b.bot.stop
}

// ban appends the ban of friend i.
func (b *bubble) ban(i int) {
	b.append(ban(time.Now(), friend(i), "sshd", ""))
	if b.bot != nil {
		b.bot.wake()
	}
}
