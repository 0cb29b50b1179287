package telegram_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestS12NothingIsSentToAnImpostor(t *testing.T) {
	tests := map[string]struct {
		host    string
		trusted bool
		version uint16
		arrives bool
	}{
		"the right one":   {"127.0.0.1", true, tls.VersionTLS12, true},
		"self-signed":     {"127.0.0.1", false, tls.VersionTLS13, false},
		"another's":       {"bots.example.net", true, tls.VersionTLS13, false},
		"TLS 1.1 at best": {"127.0.0.1", true, tls.VersionTLS11, false},
		"TLS 1.0 at best": {"127.0.0.1", true, tls.VersionTLS10, false},
	}
	fake := telegramtest.InMemory(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				fake.Handler().ServeHTTP(w, r)
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			//nolint:gosec // old versions are what is tested
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: test.version}
			server.StartTLS()
			defer server.Close()

			roots := x509.NewCertPool()
			if test.trusted {
				roots.AddCert(server.Certificate())
			}
			transport := &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots}, //nolint:gosec // Go's own minimum is what counts
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
				},
			}
			defer transport.CloseIdleConnections()
			c, err := telegram.New(telegramtest.Token, "https://"+test.host, &http.Client{Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Send(t.Context(), "5550001", say("x"))
			if test.arrives {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if _, ok := errors.AsType[*msg.NotSentError](err); !ok {
				t.Errorf("Send = %v, want not sent", err)
			}
			if n := requests.Load(); n != 0 {
				t.Errorf("%d requests, want 0", n)
			}
		})
	}
}
