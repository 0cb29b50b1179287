package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
	"friendlyfire/store/storetest"
	"friendlyfire/stream"
)

var chat = store.Chat{Platform: "paper", ID: "1"}

// world is what two bots have in common: the servers of the log, and a platform. Everything else is real.
type world struct {
	*testing.T
	mu    sync.Mutex
	log   []stream.Message
	posts []post
	all   []*process
	seq   uint64 // of the last message of the log
	epoch time.Time
}

// post is a message that arrived.
type post struct {
	bot, text string
	at        time.Time
}

func newWorld(t *testing.T) *world { return &world{T: t, epoch: time.Now()} }

// told are the posts as "bot-a: text".
func (w *world) told() (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.posts {
		all = append(all, p.bot+": "+p.text)
	}
	return all
}

// process is a bot: its database outlives it.
type process struct {
	*world
	name   string
	path   string
	store  *store.Store
	member *Member
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu      sync.Mutex
	cut     bool          // from the log
	deaf    bool          // nothing of the log comes
	lossy   int           // of so many messages to the log, one is answered in vain; 0: none
	stopped chan struct{} // nil: it is not stopped; closed when it goes on
	at      string        // the point at which it is to be stopped
	reached chan struct{} // closed at that point
	trouble string        // with its machine
}

// The points between two steps of an attempt.
const (
	beforeClaim   = "before the claim is written"
	afterClaim    = "when the claim is written, before that is known"
	beforeRequest = "before the request"
	duringRequest = "when the message has arrived, before that is known"
	beforeOutcome = "before the outcome is written"
	afterOutcome  = "when the outcome is written, before that is known"
)

func (w *world) newProcess(name string) *process {
	w.Helper()
	p := &process{world: w, name: name, path: filepath.Join(w.TempDir(), name+".db")}
	if err := storetest.New(w.T, p.path).Close(); err != nil {
		w.Fatal(err)
	}
	p.start()
	w.all = append(w.all, p)
	w.Cleanup(p.end)
	return p
}

// newPair are two bots, of which the first one speaks.
func (w *world) newPair() (speaker, other *process) {
	w.Helper()
	speaker = w.newProcess("bot-a")
	time.Sleep(2 * time.Second)
	other = w.newProcess("bot-b")
	time.Sleep(2 * time.Second)
	return speaker, other
}

func (p *process) start() {
	p.Helper()
	var err error
	if p.store, err = store.Open(p.Context(), p.path); err == nil {
		err = p.store.Recover(p.Context())
	}
	if err != nil {
		p.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	deliver := make(chan struct{}, 1)
	wake := func() {
		select {
		case deliver <- struct{}{}:
		default:
		}
	}
	hear := make(chan struct{}, 1)
	quiet := slog.New(slog.DiscardHandler)
	member := &Member{
		Name: p.name, Topic: "VOICE", Store: p.store, Log: p, Feed: &feed{process: p}, Trace: quiet,
		Wake: func() {
			select {
			case hear <- struct{}{}:
			default:
			}
		},
	}
	member.Troubles = func(context.Context) (map[string]string, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return map[string]string{"disk": p.trouble}, nil
	}
	p.world.mu.Lock() // others look at it
	p.member = member
	p.world.mu.Unlock()
	if err := p.member.Open(ctx); err != nil {
		p.Fatal(err)
	}
	deliverer := &bot.Deliverer{
		Store: p.store, Words: bot.Words{Zone: time.UTC, Shared: true}, Sender: sender{p}, Chat: chat, Voice: voice{p.member},
		Again: func(time.Duration) {}, Log: quiet,
	}
	loop := func(every time.Duration, woken <-chan struct{}, step func(context.Context) error) {
		p.ended.Go(func() {
			for ctx.Err() == nil {
				_ = step(ctx) // a cut is no failure of the test
				select {
				case <-ctx.Done():
				case <-woken:
				case <-time.After(every):
				}
			}
		})
	}
	loop(500*time.Millisecond, nil, p.member.Lead)
	loop(time.Second, hear, p.member.Hear)
	loop(time.Second, deliver, deliverer.Step)
	p.ended.Go(func() {
		p.member.Watch(ctx, func(term context.Context, _ time.Time) { wake(); <-term.Done() }, func() {})
	})
}

// kill ends the process: what it does from now on is not in the database that the next one finds.
func (p *process) kill() {
	p.Helper()
	if p.cancel == nil {
		return
	}
	left := filepath.Join(p.TempDir(), "left.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(p.path + suffix)
		if err == nil {
			err = os.WriteFile(left+suffix, data, 0o600)
		}
		if err != nil {
			p.Fatal(err)
		}
	}
	p.end()
	p.path = left
}

// end ends the process as somebody does who stops it.
func (p *process) end() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	p.resume()
	p.ended.Wait()
	p.cancel = nil
	p.store.Close()
}

// stopAt stops the process as soon as it comes to a point.
func (p *process) stopAt(point string) (reached <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.reached = point, make(chan struct{})
	return p.reached
}

func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil {
		p.stopped = make(chan struct{})
	}
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped != nil {
		close(p.stopped)
		p.stopped = nil
	}
}

func (p *process) setCut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
}

var errCut = errors.New("no answer")

// pass goes on as soon as the process may, and fails if it is cut off.
func (p *process) pass(point string, toLog bool) error {
	p.mu.Lock()
	if point != "" && p.at == point {
		close(p.reached)
		p.at = ""
		if p.stopped == nil {
			p.stopped = make(chan struct{})
		}
	}
	stopped := p.stopped
	p.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if toLog && p.cut {
		return errCut
	}
	return nil
}

// Write implements Log.
func (p *process) Write(ctx context.Context, subject string, data []byte, fence *uint64) (uint64, error) {
	before, after := "", ""
	switch {
	case strings.Contains(string(data), `"begun"`):
		before, after = beforeClaim, afterClaim
	case strings.HasPrefix(subject, "VOICE.said."):
		before, after = beforeOutcome, afterOutcome
	}
	err := p.pass(before, true)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return 0, err
	}
	w := p.world
	w.mu.Lock()
	_, lease := w.last("VOICE.lease")
	if fence != nil && *fence != lease {
		w.mu.Unlock()
		return 0, ErrRefused
	}
	w.log = slices.DeleteFunc(w.log, func(m stream.Message) bool { return m.Subject == subject })
	w.seq++
	seq := w.seq
	w.log = append(w.log, stream.Message{Seq: seq, Subject: subject, Data: slices.Clone(data)})
	w.mu.Unlock()
	if err := p.pass(after, true); err != nil {
		return 0, err
	}
	p.mu.Lock()
	lossy := p.lossy
	p.mu.Unlock()
	if lossy > 0 && rand.IntN(lossy) == 0 {
		return 0, errCut
	}
	return seq, ctx.Err()
}

func (w *world) last(subject string) (data []byte, seq uint64) {
	for _, m := range w.log {
		if m.Subject == subject {
			data, seq = m.Data, m.Seq
		}
	}
	return data, seq
}

// Last implements Log.
func (p *process) Last(_ context.Context, subject string) ([]byte, uint64, error) {
	if err := p.pass("", true); err != nil {
		return nil, 0, err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	data, seq := p.world.last(subject)
	return data, seq, nil
}

// Close implements Log.
func (p *process) Close() {}

// feed is the log as a process reads it.
type feed struct {
	*process
	following bool
	after     uint64
}

func (f *feed) State(context.Context) (stream.State, error) {
	err := f.pass("", true)
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	return stream.State{Created: f.epoch, Last: f.seq}, err
}

func (f *feed) Follow(_ context.Context, after uint64, _ stream.State) error {
	f.following, f.after = true, after
	return nil
}

func (f *feed) Following() bool { return f.following }

func (f *feed) Next(context.Context, bool) (stream.Message, bool, error) {
	if err := f.pass("", true); err != nil {
		f.following = false
		return stream.Message{}, false, err
	}
	f.mu.Lock()
	deaf := f.deaf
	f.mu.Unlock()
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	for _, m := range f.log {
		if deaf {
			break
		}
		if m.Seq > f.after {
			f.after = m.Seq
			return m, true, nil
		}
	}
	return stream.Message{}, false, nil
}

// sender is the platform as a process reaches it.
type sender struct{ *process }

func (s sender) Platform() string      { return chat.Platform }
func (s sender) Fits(msg.Message) bool { return true }

func (s sender) Send(ctx context.Context, _ string, m msg.Message) error {
	if err := s.pass(beforeRequest, false); err != nil || ctx.Err() != nil || !s.member.Speaks() { // as the Gate does
		return &msg.NotSentError{Reason: "cut off", Unreached: true}
	}
	s.world.mu.Lock()
	for _, other := range s.all {
		if other != s.process && other.member.Speaks() {
			s.Errorf("%s posts while %s holds itself to be the speaker", s.name, other.name)
		}
	}
	s.posts = append(s.posts, post{s.name, m.Text.String(), time.Now()})
	s.world.mu.Unlock()
	if err := s.pass(duringRequest, false); err != nil {
		return err
	}
	return ctx.Err()
}

// voice is a member as the bot sees it.
type voice struct{ *Member }

func (v voice) Status() bot.VoiceStatus { return bot.VoiceStatus{Name: v.Name} }

// notice has both bots, or one, know a fact that is to be told.
func (w *world) notice(text string, bots ...*process) {
	w.Helper()
	for i, p := range bots {
		n := store.Notice{
			Key: "ban/" + text, Chat: chat, CreatedAt: time.Now(), Ban: int64(100*i + len(text)),
			Body: fmt.Sprintf(`{"text":[{"text":%q}]}`, text),
		}
		if _, err := p.store.Post(w.Context(), n); err != nil {
			w.Fatal(err)
		}
	}
}
