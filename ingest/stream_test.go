package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/store"
	"friendlyfire/store/storetest"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// fleet is a stream, an agent that publishes a log to it, and a bot that reads it.
type fleet struct {
	*testing.T
	cluster   *streamtest.Cluster
	log       string
	agent     *store.Store
	reader    *Reader
	publisher *stream.Publisher
	bot       *store.Store
	stream    *StreamReader
	wakes     chan struct{}
	early     chan struct{}
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	return newFleetOn(t, streamtest.Start(t, 1, nil))
}

// newFleetOn is newFleet on servers of which the first one needs no login, or where the test gives all parts theirs.
func newFleetOn(t *testing.T, cluster *streamtest.Cluster) *fleet {
	t.Helper()
	f := &fleet{T: t, cluster: cluster, log: filepath.Join(t.TempDir(), "fail2ban.log")}
	f.cluster.MakeStream(f.cluster.Config("BANS"))
	f.agent = storetest.New(t, filepath.Join(t.TempDir(), "agent.db"))
	f.bot = storetest.New(t, filepath.Join(t.TempDir(), "bot.db"))
	f.publisher = &stream.Publisher{Store: f.agent, Cluster: stream.Cluster{Servers: f.cluster.Servers}}
	t.Cleanup(f.publisher.Close)
	f.reader = &Reader{
		Store: f.agent, Name: "web1", Source: Local{f.log}, Format: "auto", Zone: time.UTC, MaxAge: time.Hour,
		Next: func() {}, Forward: true,
	}
	f.restart()
	return f
}

// restart makes a new reader of the stream, without any state.
func (f *fleet) restart() {
	if f.stream != nil {
		f.stream.Stream.Close()
	}
	f.wakes = make(chan struct{}, 1)
	s := &stream.Subscriber{Cluster: stream.Cluster{Servers: f.cluster.Servers}, Stream: "BANS", Wake: signal(f.wakes)}
	f.early = make(chan struct{}, 1)
	s.WakeEarly = signal(f.early)
	f.stream = &StreamReader{Store: f.bot, Name: "fleet", Stream: s, MaxAge: time.Hour, Next: func() {}}
	f.Cleanup(s.Close)
}

// signal returns what sends to the channel, unless something waits there.
func signal(c chan struct{}) func() {
	return func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// await waits for a signal.
func (f *fleet) await(c chan struct{}) {
	f.Helper()
	select {
	case <-c:
	case <-time.After(5 * time.Second):
		f.Fatal("nobody was woken")
	}
}

func (f *fleet) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// forward reads the log and publishes it.
func (f *fleet) forward() {
	f.Helper()
	f.must(f.reader.Step(f.Context()))
	f.must(f.publisher.Step(f.Context()))
}

func (f *fleet) read() {
	f.Helper()
	f.must(f.stream.Step(f.Context()))
}

func (f *fleet) append(lines ...string) {
	f.Helper()
	file, err := os.OpenFile(f.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	f.must(err)
	_, err = file.WriteString(strings.Join(lines, "\n") + "\n")
	f.must(err)
	f.must(file.Close())
}

// publish publishes a message as somebody does who may.
func (f *fleet) publish(subject string, data []byte) {
	f.Helper()
	f.cluster.Publish(subject, data)
}

// banned are the bans of a database, a line each.
func banned(t *testing.T, s *store.Store) (all []string) {
	t.Helper()
	for id := int64(1); ; id++ {
		last, err := s.LastBan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id > last {
			return all
		}
		b, found, err := s.Ban(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			continue // its id was passed over
		}
		all = append(all, fmt.Sprintf("%s %d %s %s %d %d %q %q", b.Source, b.Time.Unix(), b.Jail, b.Address, b.Failures,
			b.BanTime, b.Pace, b.Matches))
	}
}

// state is that of the source at the bot.
func (f *fleet) state() store.SourceStatus {
	f.Helper()
	all, err := f.bot.Sources(f.Context())
	f.must(err)
	for _, s := range all {
		if s.Name == "fleet" {
			return s
		}
	}
	f.Fatal("the stream is no source")
	return store.SourceStatus{}
}

func TestAStreamBringsWhatTheAgentHasRead(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	begun := time.Now().UTC().Add(-10 * time.Minute)
	at := func(n int) string { return begun.Add(time.Duration(n) * time.Second).Format("2006-01-02 15:04:05,000") }
	f.append(
		at(0)+" fail2ban.jail [1]: INFO Creating new jail 'sshd'",
		at(0)+" fail2ban.filter [1]: INFO   maxRetry: 3",
		at(1)+" fail2ban.filter [1]: INFO [sshd] Found 203.0.113.7 - "+at(1),
		at(4)+" fail2ban.filter [1]: INFO [sshd] Found 203.0.113.7 - "+at(4),
		at(9)+" fail2ban.filter [1]: INFO [sshd] Found 203.0.113.7 - "+at(9),
		at(9)+" fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.7",
		at(69)+" fail2ban.actions [1]: NOTICE [sshd] Unban 203.0.113.7",
		at(100)+" fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.7",
		at(100)+" fail2ban.actions [1]: NOTICE [sshd] Ban 2001:db8::7",
	)
	f.forward()
	f.read()
	want := banned(t, f.agent)
	if diff := cmp.Diff(want, banned(t, f.bot)); diff != "" || len(want) != 3 {
		t.Errorf("the bot has other bans than the agent, or not 3 (-agent +bot):\n%s", diff)
	}
	rules, err := f.bot.Rules(t.Context(), "web1")
	if err != nil || len(rules) != 1 || rules[0].Value != 3 {
		t.Errorf("rules %v (%v), want a maxretry of 3", rules, err)
	}
	s := f.state()
	if s.Lines != 6 || s.Bans != 3 || s.Rejects != 0 || s.Gaps != 0 {
		t.Errorf("%d messages, %d bans, %d rejects, %d gaps, want 6, 3, 0, 0", s.Lines, s.Bans, s.Rejects, s.Gaps)
	}
	if n, err := f.agent.Unpublished(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are not published (%v)", n, err)
	}

	// A new bot goes on where the last one stopped, and is woken by what comes.
	f.restart()
	f.read()
	f.append(at(130) + " fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.9")
	f.forward()
	f.await(f.wakes)
	f.read()
	if s := f.state(); s.Lines != 7 || s.Bans != 4 {
		t.Errorf("%d messages, %d bans, want 7 and 4", s.Lines, s.Bans)
	}
}

func TestAStreamThatWasMadeAnewDoublesNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	now := time.Now().UTC()
	line := func(address string) string {
		return now.Format("2006-01-02 15:04:05,000") + " fail2ban.actions [1]: NOTICE [sshd] Ban " + address
	}
	f.append(line("203.0.113.1"), line("203.0.113.2"))
	f.forward()
	f.read()

	f.cluster.DeleteStream("BANS")
	f.cluster.MakeStream(f.cluster.Config("BANS"))
	f.append(line("203.0.113.3"))
	old := record(f, 0, "203.0.113.1", now)
	f.publish("bans.web1", old)
	f.publish("bans.web1", old)
	f.forward()
	f.stream.askedAt = time.Time{}
	f.read()
	if got := banned(t, f.bot); len(got) != 3 {
		t.Errorf("bans %q, want three", got)
	}
	s := f.state()
	if want := map[string]int64{string(errRecreate): 1}; !cmp.Equal(s.Losses, want) {
		t.Errorf("told of %v, want %v", s.Losses, want)
	}
	if s.Others[store.RepeatedBan] != 2 {
		t.Errorf("%d repeated bans, want 2", s.Others[store.RepeatedBan])
	}
}

// record is a message about a ban of web1, as an agent writes it.
func record(f *fleet, version int, address string, at time.Time) []byte {
	f.Helper()
	text, err := json.Marshal(map[string]any{
		"v": max(version, 1), "server": "web1", "kind": "ban", "time": at.Unix(), "jail": "sshd", "address": address, "nth": 1,
	})
	f.must(err)
	return text
}

func TestWhatAStreamDroppedIsCountedAndTold(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	now := time.Now()
	f.publish("bans.web1", record(f, 1, "203.0.113.1", now))
	f.read()
	f.stream.Stream.Close()
	for i := range 5 {
		f.publish("bans.web1", record(f, 1, fmt.Sprintf("203.0.113.%d", 10+i), now))
	}
	f.cluster.Purge("BANS", 5) // keeps the messages 5 and 6
	f.restart()
	f.read()
	state := f.state()
	if want := map[string]int64{string(errDropped): 1}; !cmp.Equal(state.Losses, want) {
		t.Errorf("told of %v, want %v", state.Losses, want)
	}
	if state.Others[lostMessage] != 3 || state.Bans != 3 || state.Lines != 6 {
		t.Errorf("%d lost, %d bans, %d messages, want 3, 3, 6", state.Others[lostMessage], state.Bans, state.Lines)
	}
}

func TestAStreamThatIsAwayIsNotReadAndComesBack(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.publish("bans.web1", record(f, 1, "203.0.113.1", time.Now()))
	f.read()
	f.cluster.Down(0)
	f.stream.askedAt = time.Time{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := f.stream.Step(ctx); err == nil {
		t.Fatal("a stream was read that is away")
	}
	if s := f.state(); s.FailingSince.IsZero() {
		t.Error("nobody is told that the stream cannot be read")
	}
	f.append(time.Now().UTC().Format("2006-01-02 15:04:05,000") + " fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.2")
	f.must(f.reader.Step(t.Context()))
	if err := f.publisher.Step(ctx); err == nil {
		t.Fatal("published to a stream that is away")
	}
	f.cluster.Up(0)
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if f.publisher.Step(t.Context()) == nil && f.stream.Step(t.Context()) == nil && f.state().Bans == 2 {
			break
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("not read after NATS came back: %+v", f.state())
		}
	}
	if s := f.state(); !s.FailingSince.IsZero() || s.Gaps != 0 {
		t.Errorf("after it is back: %+v", s)
	}
}
