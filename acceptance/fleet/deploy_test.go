package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"friendlyfire/acceptance/harness"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// shipped is a server of NATS by the shipped configuration, as one alone, with an agent on web1 and a bot.
type shipped struct {
	*testing.T
	url       string
	ca        string
	web1, bot *harness.Scene
}

const shippedFolder = "../../deploy/nats"

func newShipped(t *testing.T, changes ...harness.Change) *shipped {
	t.Helper()
	harness.Needs(t, "openssl")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(shippedFolder)); err != nil {
		t.Fatal(err)
	}
	certificates := exec.CommandContext(t.Context(), "sh", "./certificates", "127.0.0.1", "a.example.org")
	certificates.Dir = dir
	if out, err := certificates.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	port := streamtest.FreePort(t)
	s := &shipped{T: t, url: fmt.Sprintf("nats://127.0.0.1:%d", port), ca: filepath.Join(dir, "ca.pem")}
	login := fmt.Sprintf("nats = %q\nnats_ca = %q\nnats_credentials = \"$DIR/nats.nk\"\n", s.url, s.ca)
	s.web1 = harness.NewScene(t, harness.TableOnly, harness.Change{
		`friendly = ["BE"]` + "\n", "", "[enrich]\n", "[fleet]\n" + login + "[enrich]\n",
	})
	s.bot = harness.NewScene(t, harness.TableOnly, append(changes, harness.Change{
		`name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`, login + `stream = "BANS"`,
	})...)
	if len(changes) > 0 {
		s.bot.Reconfigure("[fleet]\n", "[fleet]\n"+strings.ReplaceAll(login, "$DIR", s.bot.Dir))
	}
	for scene, file := range map[*harness.Scene]string{s.web1: "agents.conf", s.bot: "bots.conf"} {
		scene.Write(filepath.Join(dir, file), []byte("users: [\n"+scene.MustRun("nats", "user")+"]\n"))
		if again := scene.MustRun("nats", "user"); !strings.Contains(again, s.user(scene)) {
			t.Errorf("a second time it prints %s", again)
		}
	}
	s.start(dir, port)
	return s
}

// start starts the server: it reads the configuration as it is shipped, but for where its files are.
func (s *shipped) start(dir string, port int) {
	s.Helper()
	path := filepath.Join(dir, "nats.conf")
	text, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	moved := strings.NewReplacer(
		`"server.`, `"`+dir+`/127.0.0.1/server.`, `"ca.pem"`, `"`+s.ca+`"`, "/var/lib/nats", filepath.Join(dir, "data"),
	).Replace(string(text))
	if err := os.WriteFile(path, []byte(moved), 0o600); err != nil {
		s.Fatal(err)
	}
	o, err := server.ProcessConfigFile(path)
	if err != nil {
		s.Fatal(err)
	}
	if !o.SyncAlways || !o.Cluster.TLSConfig.InsecureSkipVerify && o.Cluster.TLSConfig.ClientCAs == nil || o.NoJetStreamStrict {
		s.Errorf("sync always %v, strict %v, routes verified by %v", o.SyncAlways, !o.NoJetStreamStrict, o.Cluster.TLSConfig.ClientCAs)
	}
	if len(o.Routes) != 3 {
		s.Errorf("%d routes, want three", len(o.Routes))
	}
	o.Host, o.Port, o.NoLog, o.NoSigs = "127.0.0.1", port, true, true
	o.Cluster, o.Routes = server.ClusterOpts{}, nil
	one, err := server.NewServer(o)
	if err != nil {
		s.Fatal(err)
	}
	one.Start()
	s.Cleanup(func() { one.Shutdown(); one.WaitForShutdown() })
	if !one.ReadyForConnections(10 * time.Second) {
		s.Fatal("the server does not start")
	}
}

func (s *shipped) key(scene *harness.Scene) string { return filepath.Join(scene.Dir, "nats.nk") }

// user is the public key of a scene.
func (s *shipped) user(scene *harness.Scene) string {
	s.Helper()
	user, err := stream.UserOf(s.key(scene))
	if err != nil {
		s.Fatal(err)
	}
	return user
}

// connect connects as the user of a scene, with what the server refuses.
func (s *shipped) connect(scene *harness.Scene) (*nats.Conn, chan error) {
	s.Helper()
	refused := make(chan error, 100)
	login, err := nats.NkeyOptionFromSeed(s.key(scene))
	if err != nil {
		s.Fatal(err)
	}
	conn, err := nats.Connect(s.url, login, nats.RootCAs(s.ca), nats.CustomInboxPrefix(stream.Inbox(s.user(scene))),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(conn.Close)
	return conn, refused
}

// refuses fails the test unless the server refuses what is done.
func (s *shipped) refuses(conn *nats.Conn, refused chan error, what string, do func() error) {
	s.Helper()
	if err := do(); err != nil {
		s.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		s.Fatal(err)
	}
	select {
	case <-refused:
	case <-time.After(2 * time.Second):
		s.Errorf("%s is permitted", what)
	}
}

func TestTheShippedServersPermitAnAgentItsOwnSubjectAlone(t *testing.T) {
	t.Parallel()
	s := newShipped(t)
	if out := s.bot.MustRun("nats", "stream"); out != "BANS is made, its messages on 1 of the servers\n" {
		t.Errorf("made was %q", out)
	}
	if out := s.bot.MustRun("nats", "stream"); out != "BANS is there, and is left as it is\n" {
		t.Errorf("the second time %q", out)
	}
	if out := s.web1.MustRun("check"); !strings.Contains(out,
		"ok       fleet: what is published of web1 is taken, and of no other, on an encrypted connection\n") {
		t.Errorf("the agent's check says\n%s", out)
	}
	out := s.bot.MustRun("check")
	for _, want := range []string{
		"ok       source fleet: stream BANS, 0 messages, on an encrypted connection, nats-server ",
		"note     source fleet: its messages are on 1 of three servers",
		"sync_interval: always",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the bot's check does not say %q:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "note     source fleet"); n != 1 {
		t.Errorf("the bot's check has %d notes on the stream, want one:\n%s", n, out)
	}

	agent, refused := s.connect(s.web1)
	publish := func(subject string) func() error {
		return func() error { return agent.Publish(subject, []byte("x")) }
	}
	subscribe := func(subject string) func() error {
		return func() error { _, err := agent.SubscribeSync(subject); return err }
	}
	for _, subject := range []string{
		"bans.web2", "bans.web1.x", "bans", "$JS.API.STREAM.DELETE.BANS", "$JS.API.STREAM.INFO.BANS", "$JS.API.INFO", "$KV.x.y",
		"$SYS.REQ.SERVER.PING", "_INBOX.x", stream.Inbox(s.user(s.bot)) + ".x",
	} {
		s.refuses(agent, refused, "to publish to "+subject, publish(subject))
	}
	for _, subject := range []string{">", "*.*", "bans.>", "bans.web1", "_INBOX.>", stream.Inbox(s.user(s.bot)) + ".>", "$JS.>", "$SYS.>"} {
		s.refuses(agent, refused, "to subscribe to "+subject, subscribe(subject))
	}
	if _, err := nats.Connect(s.url, nats.RootCAs(s.ca)); err == nil {
		t.Error("who has no key is let in")
	}
	if err := agent.Publish("bans.web1", make([]byte, 100_000)); err == nil {
		t.Error("a message of 100 kB may be sent")
	}

	// A stream answers where the message says. That is not for an agent to choose.
	conn, _ := s.connect(s.bot)
	heard := make(chan *nats.Msg, 100)
	for _, subject := range []string{stream.Inbox(s.user(s.bot)) + ".>", stream.Subjects} {
		if _, err := conn.ChanSubscribe(subject, heard); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	replies := []string{"bans.web2", "bans.web1", stream.Inbox(s.user(s.bot)) + ".x", "$JS.API.STREAM.PURGE.BANS"}
	for _, reply := range replies {
		if err := agent.PublishRequest("bans.web1", reply, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	left := len(replies) // to arrive as bans.web1
	for wait := 2 * time.Second; ; {
		select {
		case m := <-heard:
			switch {
			case strings.HasPrefix(m.Reply, "$JS.ACK.BANS."): // what the bot's check has asked the stream for
			case left > 0 && m.Subject == "bans.web1" && string(m.Data) == "x":
				left--
			default:
				t.Errorf("an agent had %s sent to %s", m.Data, m.Subject)
			}
			if left == 0 {
				wait = 200 * time.Millisecond
			}
			continue
		case <-time.After(wait):
		}
		break
	}
	if left > 0 {
		t.Fatalf("%d messages to its own subject do not arrive", left)
	}

	// And the bot reads, and destroys nothing.
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	var state jetstream.StreamState
	for began := time.Now(); state.Msgs < uint64(len(replies)) && time.Since(began) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		info, err := js.Stream(t.Context(), "BANS")
		if err != nil {
			t.Fatal(err)
		}
		state = info.CachedInfo().State
	}
	if state.Msgs != uint64(len(replies)) {
		t.Errorf("the stream has %+v, want %d messages", state, len(replies))
	}
	owner, forbidden := s.connect(s.bot)
	for _, subject := range []string{"$JS.API.STREAM.DELETE.BANS", "$JS.API.STREAM.PURGE.BANS", "$JS.API.STREAM.UPDATE.BANS", "bans.web1"} {
		s.refuses(owner, forbidden, "to the bot, to publish to "+subject, func() error { return owner.Publish(subject, nil) })
	}
}

func TestCheckSaysWhatAStreamWants(t *testing.T) {
	t.Parallel()
	cluster := streamtest.Start(t, 1, nil)
	config := cluster.Config("BANS")
	config.Storage, config.Subjects, config.MaxMsgSize = jetstream.MemoryStorage, []string{"bans.web1"}, 1000
	config.MaxAge, config.Duplicates, config.Discard = time.Hour, time.Second, jetstream.DiscardNew
	bot := harness.NewScene(t, harness.TableOnly, harness.Change{
		`name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`, fmt.Sprintf("nats = %q\nstream = \"BANS\"", cluster.URLs),
	})
	out, _, code := bot.Run("check")
	if code != 1 || !strings.Contains(out, "PROBLEM  source fleet: there is no stream BANS\n") || !strings.Contains(out, " nats stream\n") {
		t.Errorf("without a stream, code %d: %s", code, out)
	}
	cluster.MakeStream(config)
	out = bot.MustRun("check")
	for _, want := range []string{
		"on 1 of three servers", "in memory", "takes bans.web1, not all of bans.>", "messages of 1000 bytes", "repeats for 1s only",
		"drops messages after 1h", "refuses what is new", "is not encrypted",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	if shown := bot.MustRun("check", "--report"); strings.Contains(shown, "127.0.0.1") || strings.Contains(shown, "4222") {
		t.Errorf("what can be shown to others names the servers:\n%s", shown)
	}
	agent := harness.NewScene(t, harness.TableOnly, harness.Change{
		`friendly = ["BE"]` + "\n", "", "[enrich]\n", "[fleet]\nnats = \"" + cluster.URLs + "\"\n[enrich]\n",
	})
	if out := agent.MustRun("check"); !strings.Contains(out, "may publish of other servers, too") {
		// the stream takes web1 alone, and the account may publish anything
		t.Errorf("the agent's check says\n%s", out)
	}
	cluster.Down(0)
	begun := time.Now()
	out, _, code = bot.Run("check")
	if took := time.Since(begun); code != 1 || !strings.Contains(out, "PROBLEM  source fleet") || took > 10*time.Second {
		t.Errorf("without NATS, code %d after %v: %s", code, took, out)
	}
}
