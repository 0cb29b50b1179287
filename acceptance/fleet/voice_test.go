package fleet

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// duo are two bots with one voice, which read the same stream. Each has ways of its own to the servers of NATS and to
// Telegram.
type duo struct {
	*testing.T
	nats     *streamtest.Cluster
	telegram harness.Platforms
	bots     [2]*member
	bans     atomic.Int64
}

// member is one of them.
type member struct {
	*harness.Scene
	name  string
	run   *harness.Process // nil: it does not run
	voice *link            // to Telegram
	nats  []*link          // to each server
}

func newDuo(t *testing.T, cluster *streamtest.Cluster) *duo {
	t.Helper()
	cluster.MakeStream(cluster.Config("BANS"))
	d := &duo{T: t, nats: cluster, telegram: harness.OnLoopback(t)}
	for i, name := range []string{"bot-a", "bot-b"} {
		m := &member{name: name, voice: newLink(t, d.telegram.Telegram.URL())}
		var servers []string
		for _, url := range cluster.Servers {
			m.nats = append(m.nats, newLink(t, url))
			servers = append(servers, "nats://"+m.nats[len(m.nats)-1].Addr())
		}
		urls := strings.Join(servers, ",")
		m.Scene = harness.NewTelegramScene(t, d.telegram.Telegram, harness.Change{
			`["BE"]`, friends, `name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`,
			`nats = "` + urls + `"` + "\n" + `stream = "BANS"`,
			`chats = [-1001]`, `chats = [42]`,
			"[enrich]\n", "[digest]\nat = \"\"\n[fleet]\nnats = \"" + urls + "\"\nname = \"" + name + "\"\n[enrich]\n",
			`api = "` + d.telegram.Telegram.URL(), `api = "http://` + m.voice.Addr(),
		})
		d.bots[i] = m
	}
	return d
}

func (m *member) start() { m.run = m.Start() }

// ban publishes a ban as an agent does, and returns its address.
func (d *duo) ban() string {
	d.Helper()
	address := harness.Friend(int(d.bans.Add(1)) - 1)
	d.nats.Publish(stream.Subject("web1"), d.record(address))
	return address
}

func (d *duo) record(address string) []byte {
	data, err := json.Marshal(stream.Record{
		Version: stream.Version, Server: "web1", Kind: stream.Ban, Time: time.Now().Unix(), Jail: "sshd", Address: address,
	})
	if err != nil {
		d.Error(err)
	}
	return data
}

// publish publishes a ban until the servers have it.
func (d *duo) publish(js jetstream.JetStream) {
	data := d.record(harness.Friend(int(d.bans.Load())))
	for {
		ctx, cancel := context.WithTimeout(d.Context(), 2*time.Second)
		_, err := js.Publish(ctx, stream.Subject("web1"), data)
		cancel()
		if err == nil || d.Context().Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.bans.Add(1)
}

// posts are the posts that arrived, by bot: "bot-a" for each.
func (d *duo) posts() (all []telegramtest.Request) {
	return d.telegram.Telegram.Requests("sendMessage", "editMessageText", "sendPhoto")
}

// nameOf is the bot that made a request.
func (d *duo) nameOf(q telegramtest.Request) string {
	for _, m := range d.bots {
		if q.Host == m.voice.Addr() {
			return m.name
		}
	}
	return q.Host
}

// told is how often each address was told, without the alerts that say that they may repeat.
func (d *duo) told() map[string]int {
	return (&fleet{T: d.T, telegram: d.telegram}).alerted()
}

func (d *duo) await(within time.Duration, addresses ...string) time.Duration {
	d.Helper()
	begun := time.Now()
	(&fleet{T: d.T, telegram: d.telegram}).await(within, addresses...)
	return time.Since(begun)
}

// want fails the test for what was lost, or told again without saying so.
func (d *duo) want() {
	d.Helper()
	lost, again := 0, 0
	told := d.told()
	for _, a := range harness.Friends(int(d.bans.Load())) {
		switch n := told[a]; {
		case n == 0:
			lost++
		case n > 1:
			again += n - 1
		}
	}
	if lost > 0 || again > 0 {
		d.Errorf("%d alerts lost, %d repeats that do not say so, of %d", lost, again, d.bans.Load())
	}
}

// turns are who spoke, one after the other.
func (d *duo) turns() (names []string) {
	for _, q := range d.posts() {
		names = append(names, d.nameOf(q))
	}
	return slices.Compact(names)
}

func TestF02TheOtherBotGoesOnWhereOneHasStopped(t *testing.T) {
	t.Parallel()
	d := newDuo(t, streamtest.Start(t, 1, nil))
	a, b := d.bots[0], d.bots[1]
	a.start()
	d.await(20*time.Second, d.ban())
	b.start()
	d.await(20*time.Second, d.ban())
	harness.Await(t, time.Minute, "the other one knows who speaks", func() bool {
		return strings.Contains(b.run.Text(), "another bot speaks")
	})
	alert := d.telegram.Telegram.Messages()[0]
	a.run.Stop()
	took := d.await(15*time.Second, d.ban())
	harness.Reached(t, "the speaker stopped: the other speaks %.1f s later", took.Seconds())
	d.want()
	if got, want := d.turns(), []string{"bot-a", "bot-b"}; !slices.Equal(got, want) {
		t.Errorf("spoke: %v, want %v", got, want)
	}
	// Commands and buttons, those of the other bot as well, are answered by who speaks.
	d.telegram.Telegram.Say(42, 0, 7, "/status")
	d.telegram.Telegram.PressUnder(alert, 7, alert.Keyboard[0][0].Data)
	harness.Await(t, time.Minute, "answers", func() bool {
		texts := ""
		for _, m := range d.telegram.Telegram.Messages() {
			texts += m.Text + "\n"
		}
		return strings.Contains(texts, "voice: bot-b speaks since") && strings.Contains(texts, "Its log lines are not known")
	})
	b.run.Stop()
}

// A speaker that is killed, or stopped and later goes on, says nothing more: the other one does, within 15 seconds.
func TestF02TheSpeakerIsKilledOrStopped(t *testing.T) {
	if !harness.Long {
		t.Skip("it takes a quarter of a minute each time: make long")
	}
	t.Parallel()
	random := harness.Random(t)
	d := newDuo(t, streamtest.Processes(t, 3))
	d.telegram.Telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		return telegramtest.Slow(time.Duration(rand.IntN(30)) * time.Millisecond)
	})
	for _, m := range d.bots {
		m.start()
	}
	d.await(30*time.Second, d.ban())
	const rounds = 100
	var latest time.Duration
	for i := range rounds {
		speaker := d.speaking()
		other := d.other(speaker)
		for range random.IntN(4) { // it is killed while it speaks
			d.ban()
		}
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		before := len(d.posts())
		if i%2 == 0 {
			speaker.run.Kill()
		} else {
			speaker.run.Signal(syscall.SIGSTOP)
		}
		begun := time.Now()
		latest = max(latest, d.await(20*time.Second, d.ban()))
		harness.Await(t, 20*time.Second-time.Since(begun), "the other one speaks", func() bool { return d.speaking() == other })
		spoke := len(d.posts())
		if i%2 == 0 {
			speaker.start()
		} else {
			speaker.run.Signal(syscall.SIGCONT)
		}
		for range 3 {
			d.ban()
		}
		d.await(10*time.Second, harness.Friends(int(d.bans.Load()))...)
		for _, q := range d.posts()[spoke:] {
			if d.nameOf(q) != other.name {
				t.Errorf("round %d: %s posts after %s has taken over", i+1, d.nameOf(q), other.name)
			}
		}
		t.Logf("round %d: %s spoke, %d posts; now %s, %d", i+1, speaker.name, before, other.name, len(d.posts()))
		time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
	}
	harness.Reached(t, "the speaker killed or stopped %d times: the other speaks %.1f s later at most, 0 lost, 0 repeats that do not say so",
		rounds, latest.Seconds())
	d.want()
}

// speaking is the bot that posted last.
func (d *duo) speaking() *member {
	d.Helper()
	all := d.posts()
	last := d.nameOf(all[len(all)-1])
	for _, m := range d.bots {
		if m.name == last {
			return m
		}
	}
	d.Fatalf("%s posts", last)
	return nil
}

// Each bot is cut off from NATS, or from the server that leads, and servers are stopped so that no majority is left.
// Who posts is told by the way the post came.
func TestF05PartitionsOfRealServers(t *testing.T) {
	if !harness.Long {
		t.Skip("it takes minutes: make long")
	}
	t.Parallel()
	random := harness.Random(t)
	d := newDuo(t, streamtest.Processes(t, 3))
	for _, m := range d.bots {
		m.start()
	}
	d.await(30*time.Second, d.ban())
	stop := make(chan struct{})
	banned := make(chan struct{})
	go func() { // agents reach the servers as ever
		defer close(banned)
		conn, js := d.nats.Connect()
		defer conn.Close()
		for {
			select {
			case <-stop:
				return
			case <-time.After(400 * time.Millisecond):
				d.publish(js)
			}
		}
	}()
	const rounds = 24
	for i := range rounds {
		speaker := d.speaking()
		what := []string{"the speaker cut off", "the other cut off", "the speaker cut from the leader", "two servers stopped"}[i%4]
		mend := func() {}
		switch i % 4 {
		case 0, 1:
			one := speaker
			if i%4 == 1 {
				one = d.other(speaker)
			}
			for _, l := range one.nats {
				l.Cut()
			}
			mend = func() {
				for _, l := range one.nats {
					l.Mend()
				}
			}
		case 2:
			if leader := d.nats.Leader("VOICE"); leader >= 0 {
				l := speaker.nats[leader]
				l.Cut()
				mend = l.Mend
			}
		default:
			d.nats.Signal(0, syscall.SIGSTOP)
			d.nats.Signal(1, syscall.SIGSTOP)
			mend = func() {
				d.nats.Signal(0, syscall.SIGCONT)
				d.nats.Signal(1, syscall.SIGCONT)
			}
		}
		time.Sleep(time.Duration(3000+random.IntN(15000)) * time.Millisecond)
		mend()
		time.Sleep(time.Duration(random.IntN(5000)) * time.Millisecond)
		t.Logf("round %d: %s, %s spoke; now %s", i+1, what, speaker.name, d.speaking().name)
	}
	close(stop)
	<-banned
	d.await(time.Minute, harness.Friends(int(d.bans.Load()))...)
	d.want()
	closest, turns := time.Hour, 0
	all := d.posts()
	for i := 1; i < len(all); i++ {
		if d.nameOf(all[i]) != d.nameOf(all[i-1]) {
			turns++
			closest = min(closest, all[i].Time.Sub(all[i-1].Time))
		}
	}
	if turns > rounds || turns > 0 && closest < time.Second {
		t.Errorf("%d changes of the voice in %d partitions, the closest %v after the last post of the other", turns, rounds, closest)
	}
	harness.Reached(t, "%d partitions, %d changes of the voice: the last post of one at least %.1f s before the first of the other; %d alerts, 0 lost, 0 unmarked repeats",
		rounds, turns, closest.Seconds(), d.bans.Load())
}

func (d *duo) other(m *member) *member {
	if m == d.bots[0] {
		return d.bots[1]
	}
	return d.bots[0]
}
