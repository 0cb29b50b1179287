package fleet

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
)

func TestNoByteLeavesABotThatDoesNotSpeak(t *testing.T) {
	server, client := net.Pipe()
	received := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(server)
		received <- string(all)
	}()
	speaks := true
	g := &Gate{Speaks: func() bool { return speaks }, Dial: func(context.Context, string, string) (net.Conn, error) {
		return client, nil
	}}
	conn, err := g.DialContext(t.Context(), "tcp", "api.example.org:443")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	speaks = false
	if _, err := conn.Write([]byte("two")); !errors.Is(err, ErrSilent) {
		t.Errorf("written by a bot that does not speak: %v", err)
	}
	if _, err := g.DialContext(t.Context(), "tcp", "api.example.org:443"); !errors.Is(err, ErrSilent) {
		t.Errorf("connected by a bot that does not speak: %v", err)
	}
	g.Shut()
	speaks = true // a connection of an earlier time stays closed
	if _, err := conn.Write([]byte("three")); err == nil {
		t.Error("written to a connection of an earlier time")
	}
	if got := <-received; got != "one" {
		t.Errorf("received %q", got)
	}
}
