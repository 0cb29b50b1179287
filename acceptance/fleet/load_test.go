package fleet

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	_ "modernc.org/sqlite" // the database of the bot is looked at while the bot writes it

	"friendlyfire/acceptance/harness"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// load is what many agents publish: so many bans a second, of servers in turn.
type load struct {
	servers, rate int
	during        time.Duration
	nats          int    // how many servers of NATS
	program       string // the path of the program; "": the test binary, which is larger than it
}

// loaded is how a bot does under a load.
type loaded struct {
	bans   int
	lag    []time.Duration // between publishing a ban and keeping it, sampled, in ascending order
	memory []float64       // in MB, every second
	cpu    float64         // cores used
	missed int             // bans that are missing at the end
}

// third is the median of the memory in a third of the time: 1 to 3.
func (l *loaded) third(n int) float64 {
	part := slices.Sorted(slices.Values(l.memory[len(l.memory)*(n-1)/3 : len(l.memory)*n/3]))
	if len(part) == 0 {
		return 0
	}
	return part[len(part)/2]
}

func (l *loaded) lagAt(share float64) time.Duration {
	if len(l.lag) == 0 {
		return 0
	}
	return l.lag[min(int(share*float64(len(l.lag))), len(l.lag)-1)]
}

func (l *loaded) String() string {
	return fmt.Sprintf("%d bans, %d missing; lag p50 %s, p99 %s, at most %s; memory %.1f, %.1f, %.1f MB by thirds of the time; %.2f cores",
		l.bans, l.missed, millis(l.lagAt(0.5)), millis(l.lagAt(0.99)), millis(l.lagAt(1)), l.third(1), l.third(2), l.third(3),
		l.cpu)
}

func millis(d time.Duration) string { return d.Round(time.Millisecond).String() }

// put puts a load on a bot.
func (l load) put(t *testing.T) (bot *harness.Process, done *loaded) {
	t.Helper()
	var cluster *streamtest.Cluster
	if l.nats > 1 {
		cluster = streamtest.Processes(t, l.nats)
	} else {
		cluster = streamtest.Start(t, 1, nil)
	}
	cluster.MakeStream(cluster.Config("BANS"))
	scene := harness.NewScene(t, harness.TableOnly, harness.Change{
		`friendly = ["BE"]`, `friendly = ["2001:db8::/32"]`,
		`name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`, `nats = "` + cluster.URLs + `"` + "\n" + `stream = "BANS"`,
	})
	scene.Program = l.program
	bot = scene.Start()
	harness.Await(t, time.Minute, "a bot that reads the stream", func() bool {
		_, err := os.Stat(scene.Database)
		return err == nil
	})
	db, err := sql.Open("sqlite", "file:"+scene.Database+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	done = &loaded{bans: int(l.during.Seconds() * float64(l.rate))}
	published := make(chan time.Time, done.bans)
	failed := make(chan error, 1)
	go func() { failed <- l.publish(cluster, done.bans, published) }()
	l.watch(t, db, bot, published, done)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return bot, done
}

// publish publishes bans at an even pace, as agents do, and sends when each of them was.
func (l load) publish(cluster *streamtest.Cluster, bans int, published chan<- time.Time) error {
	conn, err := nats.Connect(cluster.URLs, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(10_000))
	if err != nil {
		return err
	}
	defer close(published)
	begun := time.Now()
	for i := range bans {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / time.Duration(l.rate))))
		now := time.Now()
		server := fmt.Sprintf("server-%05d", i%l.servers)
		data, err := json.Marshal(stream.Record{
			Version: stream.Version, Server: server, Kind: stream.Ban, Time: now.Unix(), Jail: "sshd", Failures: 5,
			Address: fmt.Sprintf("100.%d.%d.%d", 64+i/65536%64, i/256%256, i%256), BanTime: 3600, BanCount: 1,
			Matches: "Failed password for invalid user admin from 192.0.2.1 port 40222 ssh2",
		})
		if err != nil {
			return err
		}
		m := nats.NewMsg(stream.Subject(server))
		m.Data = data
		m.Header.Set(jetstream.MsgIDHeader, strconv.Itoa(i))
		if _, err := js.PublishMsgAsync(m, jetstream.WithStallWait(time.Minute)); err != nil {
			return err
		}
		published <- now
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-time.After(30 * time.Second):
		return fmt.Errorf("%d messages are not acknowledged", js.PublishAsyncPending())
	}
}

// watch samples how far the bot is behind: the age of the oldest ban that it has not kept.
func (l load) watch(t *testing.T, db *sql.DB, bot *harness.Process, published <-chan time.Time, done *loaded) {
	t.Helper()
	var times []time.Time
	begun, logged, last, open := time.Now(), time.Duration(0), 0, true
	cpu := processorTime(t, bot)
	for kept := 0; kept < done.bans; time.Sleep(20 * time.Millisecond) {
		looked := time.Now()
		err := db.QueryRowContext(t.Context(), "SELECT coalesce(max(bans), 0) FROM sources WHERE name = 'fleet'").Scan(&kept)
		if err != nil {
			t.Fatal(err)
		}
		for more := true; more && open; {
			select {
			case at, ok := <-published:
				if open = ok; ok {
					times = append(times, at)
				}
			default:
				more = false
			}
		}
		for ; last < min(kept, len(times)); last++ {
			done.lag = append(done.lag, max(0, looked.Sub(times[last])))
		}
		elapsed := time.Since(begun)
		if elapsed > logged+30*time.Second {
			logged = elapsed
			t.Logf("after %v: %d bans kept, memory %.1f MB, of which %.1f MB are its own", elapsed.Round(time.Second), kept, rss(bot),
				float64(bot.Status("RssAnon"))/1024)
		}
		if elapsed > time.Duration(len(done.memory))*time.Second {
			done.memory = append(done.memory, rss(bot))
		}
		if elapsed > l.during+time.Minute || !open && kept == len(times) {
			break // the publisher says what is wrong
		}
		done.missed = done.bans - kept
	}
	if last == done.bans {
		done.missed = 0
	}
	done.cpu = (processorTime(t, bot) - cpu).Seconds() / time.Since(begun).Seconds()
	slices.Sort(done.lag)
}

func rss(p *harness.Process) float64 { return float64(p.Status("VmRSS")) / 1024 }

// processorTime is what a process has used so far, in ticks of a hundredth of a second: proc(5).
func processorTime(t *testing.T, p *harness.Process) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// program builds the program, which is smaller than the test binary.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "friendlyfire")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "../..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestF06AFleetOfTenThousandIsKeptUpWith(t *testing.T) {
	t.Parallel()
	l := load{servers: harness.Size(200, 500, 10_000), rate: harness.Size(200, 500, 1000), nats: harness.Size(1, 1, 3)}
	l.during = time.Duration(harness.Size(1000, 1000, 600_000)) * time.Millisecond
	if harness.Long {
		l.program = program(t)
	}
	bot, done := l.put(t)
	if done.missed != 0 {
		t.Errorf("%d of %d bans are missing", done.missed, done.bans)
	}
	if p99 := done.lagAt(0.99); harness.Long && p99 > 2*time.Second {
		t.Errorf("the lag is %v at p99, want 2 s at most", p99)
	}
	if grown := done.third(3) - done.third(2); harness.Long && grown > 2 {
		t.Errorf("memory has grown by %.1f MB from the second third of the time to the last", grown)
	}
	harness.Reached(t, "%d servers, %d bans/s for %v: %s", l.servers, l.rate, l.during, done)
	bot.Stop()
}
