package streamtest

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// variable is set in the environment of a test binary that is to be a server of NATS. It holds the settings.
const variable = "FRIENDLYFIRE_TEST_NATS"

// settings are those of a server in a process of its own.
type settings struct {
	Name, Dir, Routes string
	Port, Route       int
}

// ServeIfAsked is a server of NATS, and does not return, if that is what the test binary was started for. A TestMain
// calls it first. The server ends with the process that started it.
func ServeIfAsked() {
	text := os.Getenv(variable)
	if text == "" {
		return
	}
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		panic(err)
	}
	one, err := server.NewServer(&server.Options{
		ServerName: s.Name, Host: "127.0.0.1", Port: s.Port, NoLog: true, NoSigs: true, JetStream: true,
		StoreDir: s.Dir, SyncAlways: true, Routes: server.RoutesFromStr(s.Routes),
		Cluster: server.ClusterOpts{Name: "bans", Host: "127.0.0.1", Port: s.Route, NoAdvertise: true}, // past a way that is cut
	})
	if err != nil {
		panic(err)
	}
	one.Start()
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// Processes starts a cluster of n servers, each in a process of its own, which can be killed.
func Processes(t testing.TB, n int) *Cluster {
	t.Helper()
	return start(t, n, nil, true)
}

// startProcess starts one of the servers as a process, and waits until it answers.
func (c *Cluster) startProcess(i int) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	o := c.options[i]
	s := settings{Name: o.ServerName, Dir: o.StoreDir, Port: o.Port, Route: o.Cluster.Port, Routes: o.RoutesStr}
	text, err := json.Marshal(s)
	if err != nil {
		c.t.Fatal(err)
	}
	p := exec.CommandContext(context.WithoutCancel(c.t.Context()), self) // it ends in a clean-up
	p.Env = append(os.Environ(), variable+"="+string(text))
	p.Stderr = os.Stderr
	if _, err := p.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.processes[i] = p
	for begun := time.Now(); !c.answers(o.Host, o.Port); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			c.t.Fatalf("server %d of NATS does not start", i+1)
		}
	}
}

// Signal sends a signal to the process of a server.
func (c *Cluster) Signal(i int, s syscall.Signal) {
	c.t.Helper()
	if err := c.processes[i].Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}
