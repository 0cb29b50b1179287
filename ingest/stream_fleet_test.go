package ingest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"friendlyfire/store"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// logLine is a line of a log that was just written.
func logLine(address string) string {
	return time.Now().UTC().Format("2006-01-02 15:04:05,000") + " fail2ban.actions [1]: NOTICE [sshd] Ban " + address
}

// While its servers elect a leader a stream keeps nothing; who listens hears what is published all the same.
func TestF03ABanIsKnownBeforeTheStreamHasIt(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.read()
	f.cluster.DeleteStream("BANS") // as it is without a leader
	f.append(logLine("203.0.113.1"))
	f.must(f.reader.Step(t.Context()))
	if err := f.publisher.Step(t.Context()); err == nil {
		t.Fatal("published, without a stream")
	}
	f.await(f.early)
	f.must(f.stream.StepEarly(t.Context()))
	if got := banned(t, f.bot); len(got) != 1 {
		t.Fatalf("bans %q, want the one that was heard", got)
	}
	if s := f.state(); s.Offset != 0 || s.Bans != 1 || s.Lines != 1 {
		t.Errorf("%+v, want one ban and no offset", s)
	}
	if news, err := f.bot.Undecided(t.Context(), 0, 10); err != nil || len(news) != 1 {
		t.Errorf("%d bans are news (%v), want one", len(news), err)
	}

	// The stream brings it again.
	f.cluster.MakeStream(f.cluster.Config("BANS"))
	f.must(f.publisher.Step(t.Context()))
	f.stream.askedAt = time.Time{}
	f.read()
	if got := banned(t, f.bot); len(got) != 1 {
		t.Errorf("bans %q, want one", got)
	}
	s := f.state()
	if s.Offset != 1 || s.Bans != 1 || s.Lines != 2 || s.Others[store.RepeatedBan] != 1 {
		t.Errorf("%+v, want the ban, and the message that repeats it", s)
	}
	f.must(f.stream.StepEarly(t.Context()))
}

// What comes in time by the stream is not taken twice.
func TestWhatTheStreamBringsIsNotEarly(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.read()
	f.append(logLine("203.0.113.1"), logLine("203.0.113.2"))
	f.forward()
	f.await(f.wakes)
	for begun := time.Now(); f.state().Bans < 2 && time.Since(begun) < 5*time.Second; {
		f.read()
	}
	time.Sleep(1100 * time.Millisecond) // until it would be early
	f.must(f.stream.StepEarly(t.Context()))
	if s := f.state(); s.Lines != 2 || s.Bans != 2 || s.Others[store.RepeatedBan] != 0 {
		t.Errorf("%+v, want two messages, each read once", s)
	}
}

func TestAServerThatIsRefusedBlocksNoOther(t *testing.T) {
	t.Parallel()
	f := newFleetOn(t, streamtest.Start(t, 1, func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "all", Password: "x"},
			{Username: "relay", Password: "x", Permissions: &server.Permissions{
				Publish:   &server.SubjectPermission{Allow: []string{"bans.web1", "bans.web3"}},
				Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
			}},
		}
	}, nats.UserInfo("all", "x")))
	f.publisher.Cluster.Servers = []string{"nats://relay:x@" + f.cluster.Servers[0][len("nats://"):]}
	now := time.Now()
	var bans []store.Ban
	for i, server := range []string{"web1", "web2", "web3", "web2", "web1"} {
		bans = append(bans, store.Ban{
			Source: server, Time: now.Add(time.Duration(i) * time.Second), Address: "203.0.113.1", Jail: "sshd", HasEpoch: true,
		})
	}
	_, err := f.agent.AddBans(t.Context(), store.Batch{Source: "relay", Forward: true, ReadAt: now, Lines: 5, Bans: bans})
	f.must(err)
	begun := time.Now()
	if err = f.publisher.Step(t.Context()); !errors.Is(err, stream.ErrRefused) {
		t.Errorf("got %v, want that one is refused", err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a refusal takes %v", took)
	}
	waiting, err := f.agent.Outgoing(t.Context(), 10, nil)
	f.must(err)
	if len(waiting) != 2 || waiting[0].Server != "web2" || waiting[1].Server != "web2" {
		t.Errorf("%v wait, want the two of web2", waiting)
	}
	f.must(f.publisher.Step(t.Context())) // it is not tried again at once
}

func TestASilentAgentIsMissed(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.append(logLine("203.0.113.1"))
	f.publisher.Servers = func(context.Context) []string { return []string{"web1", "web2"} }
	f.forward()
	f.forward() // it says so once an hour
	f.read()
	if got := f.stream.Servers(); !slices.Equal(got, []string{"web1", "web2"}) {
		t.Errorf("servers are %v, want web1 and web2", got)
	}
	s := f.state()
	if s.Lines != 3 || s.Bans != 1 || s.Others["sign of life of a server"] != 2 {
		t.Errorf("%+v, want a ban and two signs of life", s)
	}
	states, err := f.bot.Sources(t.Context())
	f.must(err)
	for _, s := range states {
		if s.Name != "fleet" && time.Since(s.LastLineAt) > time.Minute {
			t.Errorf("the last line of %s was read at %v", s.Name, s.LastLineAt)
		}
	}
	f.restart()
	f.read()
	if got := f.stream.Servers(); len(got) != 2 {
		t.Errorf("after a restart its servers are %v", got)
	}
}

func TestALossIsToldBeforeItIsKept(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	now := time.Now()
	for range 2 {
		f.publish("bans.web1", record(f, 1, "203.0.113.1", now))
	}
	f.read()
	for range 3 {
		f.publish("bans.web1", record(f, 1, "203.0.113.1", now))
	}
	f.cluster.Purge("BANS", 5)
	f.restart()
	var told []Loss
	failing := errors.New("no room")
	f.stream.Lost = func(_ context.Context, l Loss) error { told = append(told, l); return failing }
	if err := f.stream.Step(t.Context()); !errors.Is(err, failing) {
		t.Errorf("got %v, want %v", err, failing)
	}
	failing = nil
	f.read()
	f.read()
	if want := (Loss{5, 2, string(errDropped)}); len(told) != 2 || told[0] != want || told[1] != want {
		t.Errorf("told of %v, want %v twice", told, want)
	}
}
