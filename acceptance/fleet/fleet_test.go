// Package fleet holds the promises of a fleet against the real program and real servers of NATS. It is apart from the
// others since the servers are in its test binary, which is the program, too: that of the others is no larger than what
// they measure.
package fleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/cli"
	"friendlyfire/stream/streamtest"
)

func TestMain(m *testing.M) {
	streamtest.ServeIfAsked()
	harness.Main(m, cli.Main)
}

// fleet is a cluster with a stream, an agent on web1, and a bot.
type fleet struct {
	*testing.T
	nats       *streamtest.Cluster
	telegram   harness.Platforms
	web1, bot  *harness.Scene
	agent, run *harness.Process
}

// friends are the networks of harness.Friend.
const friends = `["BE", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32"]`

func newFleet(t *testing.T, cluster *streamtest.Cluster) *fleet {
	t.Helper()
	config := cluster.Config("BANS")
	cluster.MakeStream(config)
	f := &fleet{T: t, nats: cluster, telegram: harness.OnLoopback(t)}
	f.web1 = harness.NewScene(t, harness.TableOnly, harness.Change{
		`friendly = ["BE"]` + "\n", "", "[enrich]\n", "[fleet]\nnats = \"" + cluster.URLs + "\"\n[enrich]\n",
	})
	f.bot = harness.NewTelegramScene(t, f.telegram.Telegram, harness.Change{
		`["BE"]`, friends, `name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`,
		`nats = "` + cluster.URLs + `"` + "\n" + `stream = "BANS"`,
		`chats = [-1001]`, `chats = [42]`,
	})
	return f
}

// newAlertingFleet is a fleet that runs, and has alerted of a first ban within that time.
func newAlertingFleet(t *testing.T, cluster *streamtest.Cluster, within time.Duration) *fleet {
	t.Helper()
	f := newFleet(t, cluster)
	f.startBot()
	f.startAgent()
	f.web1.Ban(harness.Friend(0))
	f.await(within, harness.Friend(0))
	return f
}

func (f *fleet) startAgent() { f.agent = f.web1.Start("forward") }
func (f *fleet) startBot()   { f.run = f.bot.Start() }

// alerted is how often each address was alerted, without the alerts that say that they may repeat.
func (f *fleet) alerted() map[string]int {
	all := map[string]int{}
	seen := map[string]bool{}
	for _, m := range f.telegram.Telegram.Messages() {
		addresses, _ := harness.AlertsIn(m.Text)
		for _, a := range addresses {
			if !harness.Repeats(m.Text) || !seen[a] {
				all[a]++
			}
			seen[a] = true
		}
	}
	return all
}

// await waits until all of these were alerted.
func (f *fleet) await(within time.Duration, addresses ...string) {
	f.Helper()
	harness.Await(f.T, within, fmt.Sprintf("alerts of %d addresses", len(addresses)), func() bool {
		alerted := f.alerted()
		return !slices.ContainsFunc(addresses, func(a string) bool { return alerted[a] == 0 })
	})
}

// want fails the test for what was lost, for what was alerted again without saying so, and for bans that were doubled.
func (f *fleet) want(addresses []string) {
	f.Helper()
	lost, again := 0, 0
	alerted := f.alerted()
	for _, a := range addresses {
		switch n := alerted[a]; {
		case n == 0:
			lost++
		case n > 1:
			again += n - 1
		}
	}
	if lost > 0 || again > 0 {
		f.Errorf("%d alerts lost, %d repeats that do not say so, of %d", lost, again, len(addresses))
	}
	out := f.bot.MustRun("report", "--since", "all", "--by", "source", "--json")
	if want := fmt.Sprintf(`"total":%d`, len(addresses)); !strings.Contains(strings.ReplaceAll(out, " ", ""), want) {
		f.Errorf("the bot has not %d bans: %s", len(addresses), out)
	}
}

func TestAnAgentIsReadAndItsServerNamed(t *testing.T) {
	t.Parallel()
	f := newAlertingFleet(t, streamtest.Start(t, 1, nil), 10*time.Second)
	if texts := f.telegram.Mentions("web1"); texts["42"] == 0 {
		t.Error("the alert does not name the server")
	}
	f.want(harness.Friends(1))
	harness.Await(t, time.Minute, "the agent to say that it runs", func() bool {
		return strings.Contains(f.bot.MustRun("check"), "servers whose agents were heard in the last week: 1\n")
	})
	f.agent.Stop()
	f.run.Stop()
}

// The history of a server whose bans a stream brings is read where the bot is, from files brought there.
func TestHistoryOfAServerOfAStreamIsImported(t *testing.T) {
	t.Parallel()
	f := newAlertingFleet(t, streamtest.Start(t, 1, nil), 10*time.Second)
	f.agent.Stop()
	f.web1.Ban(harness.Friend(1))
	out := f.bot.MustRun("import", "--source", "web1", f.web1.Bans)
	if got := f.bot.MustRun("report", "--since", "all", "--by", "source", "--csv"); !strings.Contains(got, "web1,2,2,") {
		t.Errorf("import says %q, and the report\n%s\nwant two bans of web1", out, got)
	}
	for name, want := range map[string]string{"web2": "and no stream has brought a server of that name", "web1": "which FILEs?"} {
		if _, stderr, code := f.bot.Run("import", "--source", name); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("import of %s: code %d, %q", name, code, stderr)
		}
	}
	f.run.Stop()
}

func TestF01NothingIsLostWhereverAFleetIsKilled(t *testing.T) {
	t.Parallel()
	random := harness.Random(t)
	servers := harness.Size(1, 1, 3)
	f := newFleet(t, streamtest.Processes(t, servers))
	kills, bans := harness.Size(3, 5, 200), harness.Size(8, 15, 1000)
	f.telegram.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		return telegramtest.Slow(time.Duration(rand.IntN(50)) * time.Millisecond)
	})
	f.startBot()
	f.startAgent()
	written := 0
	write := func(n int) {
		for ; written < min(n, bans); written++ {
			f.web1.Ban(harness.Friend(written))
		}
	}
	for i := range kills {
		for n := written; n < bans*(i+1)/kills; n++ {
			write(n + 1)
			time.Sleep(time.Duration(random.IntN(harness.Size(60, 60, 150))) * time.Millisecond)
		}
		switch who := random.IntN(3); who {
		case 0:
			f.agent.Kill()
			f.startAgent()
		case 1:
			f.run.Kill()
			f.startBot()
		default:
			one := random.IntN(servers)
			f.nats.Down(one)
			time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
			f.nats.Up(one)
		}
	}
	write(bans)
	all := harness.Friends(bans)
	f.await(2*time.Minute, all...)
	f.agent.Stop()
	f.run.Stop()
	f.want(all)
	harness.Reached(t, "%d kills of agent, bot and NATS, %d bans: 0 lost, 0 unmarked repeats, none doubled", kills, bans)
}

func TestF04AllServersOfNATSMayBeKilled(t *testing.T) {
	t.Parallel()
	f := newAlertingFleet(t, streamtest.Processes(t, harness.Size(1, 1, 3)), 10*time.Second)
	for i := range f.nats.Servers {
		f.nats.Down(i)
	}
	for i := range 9 {
		f.web1.Ban(harness.Friend(1 + i))
	}
	for i := range f.nats.Servers {
		f.nats.Up(i)
	}
	begun := time.Now()
	f.await(time.Minute, harness.Friends(10)...)
	harness.Reached(t, "%d servers killed and back: 10 bans, 0 lost, all told %.1f s later", len(f.nats.Servers),
		time.Since(begun).Seconds())
	f.want(harness.Friends(10))
	f.agent.Stop()
	f.run.Stop()
}

// A stream that is not there is like one without a leader: nobody keeps what is published.
func TestF03AnAlertDoesNotWaitForALeader(t *testing.T) {
	t.Parallel()
	f := newAlertingFleet(t, streamtest.Start(t, 1, nil), 10*time.Second)
	f.nats.DeleteStream("BANS")
	begun := time.Now()
	f.web1.Ban(harness.Friend(1))
	f.await(20*time.Second, harness.Friend(1))
	took := time.Since(begun)
	f.nats.MakeStream(f.nats.Config("BANS"))
	f.web1.Ban(harness.Friend(2))
	f.await(20*time.Second, harness.Friend(2))
	f.want(harness.Friends(3))
	harness.Reached(t, "no stream: alert %.1f s later", took.Seconds())
	f.agent.Stop()
	f.run.Stop()
}

func TestF03OneServerOfNATSMayBeDown(t *testing.T) {
	if !harness.Long {
		t.Skip("servers take five seconds to elect their first leader: TestF03AnAlertDoesNotWaitForALeader is the short form")
	}
	t.Parallel()
	f := newAlertingFleet(t, streamtest.Processes(t, 3), 20*time.Second)
	const rounds = 30
	var latest time.Duration
	for i := range rounds {
		one := f.nats.Leader("BANS")
		if i%2 == 1 {
			one = (one + 1) % 3
		}
		stopped := i%3 == 2
		if stopped {
			f.nats.Signal(one, syscall.SIGSTOP)
		} else {
			f.nats.Down(one)
		}
		begun := time.Now()
		f.web1.Ban(harness.Friend(1 + i))
		f.await(30*time.Second, harness.Friend(1+i))
		took := time.Since(begun)
		latest = max(latest, took)
		t.Logf("server %d down (leads: %v, stopped: %v): alert %v later", one+1, i%2 == 0, stopped, took.Round(time.Millisecond))
		if stopped {
			f.nats.Signal(one, syscall.SIGCONT)
		} else {
			f.nats.Up(one)
		}
		if i+1 < rounds {
			f.settle()
		}
	}
	if latest > 5*time.Second {
		t.Errorf("an alert came %v after its ban, want 5 s at most", latest)
	}
	harness.Reached(t, "%d times one of three servers down: latest alert %.1f s later", rounds, latest.Seconds())
	f.want(harness.Friends(1 + rounds))
	f.agent.Stop()
	f.run.Stop()
}

// settle waits until the stream has a leader and all its replicas are current.
func (f *fleet) settle() {
	f.Helper()
	_, js := f.nats.Connect()
	harness.Await(f.T, 30*time.Second, "a stream that is whole", func() bool {
		s, err := js.Stream(f.Context(), "BANS")
		if err != nil {
			return false
		}
		c := s.CachedInfo().Cluster
		for _, r := range c.Replicas {
			if !r.Current || r.Offline {
				return false
			}
		}
		return c.Leader != "" && len(c.Replicas) == 2
	})
}
