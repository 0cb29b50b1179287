// Package streamtest runs NATS servers for tests: the real ones, in the process of the test.
package streamtest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Cluster are NATS servers on 127.0.0.1 that keep one stream of bans.
type Cluster struct {
	URLs    string   // as a configuration has them
	Servers []string // these, one by one

	t         testing.TB
	options   []*server.Options
	servers   []*server.Server // in this process; nil: down
	processes []*exec.Cmd      // in one of its own; nil: down
	apart     bool             // they are processes
	js        jetstream.JetStream
	login     []nats.Option
}

// Start starts a cluster of n servers, which ends with the test. With change, the options of each are changed before;
// login is then how the test itself gets in.
func Start(t testing.TB, n int, change func(*server.Options), login ...nats.Option) *Cluster {
	t.Helper()
	c := start(t, n, change, false)
	c.login = login
	return c
}

func start(t testing.TB, n int, change func(*server.Options), apart bool) *Cluster {
	t.Helper()
	c := &Cluster{t: t, servers: make([]*server.Server, n), processes: make([]*exec.Cmd, n), apart: apart}
	var urls, routes []string
	for i := range n {
		port, route := FreePort(t), FreePort(t)
		o := &server.Options{
			ServerName: fmt.Sprintf("n%d", i+1), Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, MaxPayload: 12 << 20, MaxPending: 64 << 20,
		}
		if n > 1 {
			o.Cluster = server.ClusterOpts{Name: "bans", Host: "127.0.0.1", Port: route}
			routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", route))
		}
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", port))
		c.options = append(c.options, o)
	}
	for _, o := range c.options {
		o.RoutesStr = strings.Join(routes, ",")
		o.Routes = server.RoutesFromStr(o.RoutesStr)
		if change != nil {
			change(o)
		}
	}
	c.Servers, c.URLs = urls, strings.Join(urls, ",")
	for i := range c.options {
		c.Up(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.Down(i)
		}
	})
	return c
}

// FreePort returns a port of 127.0.0.1 that nobody uses just now.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Up starts one of the servers, with what it has kept.
func (c *Cluster) Up(i int) {
	c.t.Helper()
	if c.apart {
		c.startProcess(i)
		return
	}
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatal(err)
	}
	s.Start()
	c.servers[i] = s
	if !s.ReadyForConnections(10 * time.Second) {
		c.t.Fatalf("server %d of NATS does not start", i+1)
	}
}

// answers reports whether somebody listens at a port.
func (c *Cluster) answers(host string, port int) bool {
	conn, err := new(net.Dialer).DialContext(c.t.Context(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// Down ends one of the servers: a process is killed.
func (c *Cluster) Down(i int) {
	if p := c.processes[i]; p != nil {
		_ = p.Process.Kill()
		_ = p.Wait() // it was killed
		c.processes[i] = nil
	}
	if s := c.servers[i]; s != nil {
		s.Shutdown()
		s.WaitForShutdown()
		c.servers[i] = nil
	}
}

// Leader returns which of the servers leads the stream; -1: none does, or nobody says so.
func (c *Cluster) Leader(stream string) int {
	_, js := c.Connect()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil || s.CachedInfo().Cluster == nil {
		return -1
	}
	return slices.IndexFunc(c.options, func(o *server.Options) bool {
		return o.ServerName == s.CachedInfo().Cluster.Leader
	})
}

// Connect connects to the cluster until the test ends.
func (c *Cluster) Connect(options ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	c.t.Helper()
	conn, err := nats.Connect(c.URLs, slices.Concat([]nats.Option{nats.MaxReconnects(-1)}, c.login, options)...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return conn, js
}

// Config is that of a stream of bans, on all servers.
func (c *Cluster) Config(name string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: name, Subjects: []string{"bans.>"}, Replicas: len(c.options), Storage: jetstream.FileStorage,
		MaxMsgSize: 16 << 10,
	}
}

// Purge deletes all messages of a stream before a sequence.
func (c *Cluster) Purge(stream string, before uint64) {
	c.t.Helper()
	_, js := c.Connect()
	s, err := js.Stream(c.t.Context(), stream)
	if err == nil {
		err = s.Purge(c.t.Context(), jetstream.WithPurgeSequence(before))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// Publish publishes a message as somebody does who may.
func (c *Cluster) Publish(subject string, data []byte) {
	c.t.Helper()
	if c.js == nil {
		_, c.js = c.Connect()
	}
	if _, err := c.js.Publish(c.t.Context(), subject, data); err != nil {
		c.t.Fatal(err)
	}
}

// DeleteStream deletes a stream.
func (c *Cluster) DeleteStream(name string) {
	c.t.Helper()
	_, js := c.Connect()
	if err := js.DeleteStream(c.t.Context(), name); err != nil {
		c.t.Fatal(err)
	}
}

// MakeStream makes a stream, and waits until the servers can.
func (c *Cluster) MakeStream(config jetstream.StreamConfig) jetstream.Stream {
	c.t.Helper()
	_, js := c.Connect()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		s, err := js.CreateStream(c.t.Context(), config)
		if err == nil {
			return s
		}
		if time.Since(begun) > 20*time.Second {
			c.t.Fatal(err)
		}
	}
}
