package telegram_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func TestR13EveryCallIsBounded(t *testing.T) {
	tests := map[string]struct {
		fault telegramtest.Fault
		sent  bool // the message arrived nevertheless
	}{
		"no answer":         {telegramtest.Hang(), false},
		"a byte a second":   {telegramtest.Drip(), true},
		"an endless answer": {telegramtest.Flood(), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				server.Fail("sendMessage", test.fault)
				began := time.Now()
				err := c.Send(t.Context(), "5550001", say("x"))
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("took %v", took)
				}
				if _, ok := errors.AsType[*msg.NotSentError](err); err == nil || ok {
					t.Errorf("Send = %v, want an error that leaves it open", err)
				}
				if sent := len(server.Messages()) == 1; sent != test.sent {
					t.Errorf("arrived: %v, want %v", sent, test.sent)
				}
			})
		})
	}
}

// TestR13NoConnectionIsNotSent dials a server that cannot be reached, so that the message was certainly not sent.
func TestR13NoConnectionIsNotSent(t *testing.T) {
	tests := map[string]func(context.Context) (net.Conn, error){
		"refused": func(context.Context) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		},
		"no such host": func(context.Context) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "api.example.net", IsNotFound: true}
		},
		"black hole": func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
	for name, dial := range tests {
		for _, photo := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := telegramtest.InMemory(t)
					var down atomic.Bool
					down.Store(true)
					dialIfUp := func(ctx context.Context, network, addr string) (net.Conn, error) {
						if down.Load() {
							return dial(ctx)
						}
						return server.Dial(ctx, network, addr)
					}
					transport := &http.Transport{DialContext: dialIfUp}
					defer transport.CloseIdleConnections()
					c, err := telegram.New(telegramtest.Token, server.URL(), &http.Client{Transport: transport})
					if err != nil {
						t.Fatal(err)
					}
					m := say("x")
					if photo {
						m.Photo = picture(t, 8, 8)
					}
					began := time.Now()
					err = c.Send(t.Context(), "5550001", m)
					if took := time.Since(began); took > 15*time.Second {
						t.Errorf("took %v", took)
					}
					if no, ok := errors.AsType[*msg.NotSentError](err); !ok || no.After != 0 {
						t.Errorf("Send = %v, want not sent, to be tried again soon", err)
					}
					down.Store(false)
					if err := c.Send(t.Context(), "5550001", m); err != nil {
						t.Errorf("healed: %v", err)
					}
				})
			})
		}
	}
}

// TestIdleConnectionThatDiedCostsNothing cuts a connection between two messages.
func TestIdleConnectionThatDiedCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := telegramtest.InMemory(t)
		var last net.Conn
		transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := server.Dial(ctx, network, addr)
			last = conn
			return conn, err
		}}
		defer transport.CloseIdleConnections()
		c, err := telegram.New(telegramtest.Token, server.URL(), &http.Client{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := c.Send(t.Context(), "5550001", say("x")); err != nil {
				t.Error(err)
			}
			if err := last.Close(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		if n := len(server.Messages()); n != 3 {
			t.Errorf("%d messages, want 3", n)
		}
	})
}

// TestCancelledWhileAskingMayHaveBeenSent stops in the middle of a request.
func TestCancelledWhileAskingMayHaveBeenSent(t *testing.T) {
	inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
		server.Fail("sendMessage", telegramtest.Hang())
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		err := c.Send(ctx, "5550001", say("x"))
		if _, ok := errors.AsType[*msg.NotSentError](err); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("Send = %v, want an error that leaves it open", err)
		}
	})
}
