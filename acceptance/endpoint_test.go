package acceptance

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/config"
)

var discard = log.New(io.Discard, "", 0)

// No redirect is followed: nobody on the way to the platform can divert the token.
func TestS11RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere, followed := countRequests(t)
	both := harness.OnLoopback(t)
	both.Telegram.Script(func(telegramtest.Request) telegramtest.Fault {
		return telegramtest.Redirect(elsewhere + "/bot")
	})
	both.Discord.Script(func(discordtest.Request) discordtest.Fault { return discordtest.Redirect(elsewhere + "/api") })
	s := harness.NewChatScene(t, both)
	p := s.Start()
	s.Ban("203.0.113.7")
	awaitAttempts(t, p)
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
	both.Telegram.Script(nil)
	both.Discord.Heal()
	both.Await(t, harness.Alert("203.0.113.7"), 1)
	p.Stop()

	for api, wrong := range map[string]bool{
		"http://192.0.2.1":              true,
		"http://api.telegram.org":       true,
		"ftp://127.0.0.1":               true,
		"https://user:pass@example.org": true,
		"http://127.0.0.1:1":            false,
		"http://localhost:1":            false,
		"http://[::1]:1":                false,
		"https://192.0.2.1":             false,
	} {
		for _, url := range []string{both.Telegram.URL(), both.Discord.URL()} {
			s := harness.NewChatScene(t, both, harness.Change{url, api})
			env := app.Env{File: s.Config}
			if _, err := env.Config().Load(config.ToRun); (err != nil) != wrong {
				t.Errorf("%s: %v, want a mistake: %v", api, err, wrong)
			}
		}
	}
	s.Reconfigure(both.Telegram.URL(), "http://192.0.2.1")
	_, errs, code := s.Run("run")
	if code != harness.ExitConfig || !strings.Contains(errs, "telegram.api: needs https") {
		t.Errorf("exit %d, want %d: %s", code, harness.ExitConfig, errs)
	}
	harness.Reached(t, "0 redirects followed, plain http off loopback refused with exit %d", harness.ExitConfig)
}

// awaitAttempts waits until delivery to each chat was attempted.
func awaitAttempts(t *testing.T, p *harness.Process) {
	t.Helper()
	harness.Await(t, time.Minute, "an attempt in each chat", func() bool {
		return strings.Count(p.Text(), "not delivered") >= len(harness.AllChats)
	})
}

// Nothing is sent to a server that cannot prove to be the platform.
func TestS12NothingIsSentToImpostors(t *testing.T) {
	if testing.Short() {
		t.Skip("waits half a minute for connections to fail; runs without -short")
	}
	t.Parallel()
	t.Run("hosts", func(t *testing.T) {
		for name, host := range map[string]struct {
			named   string
			trusted bool
			version uint16
			arrives bool
		}{
			"the right one": {"127.0.0.1", true, tls.VersionTLS12, true},
			"self-signed":   {"127.0.0.1", false, tls.VersionTLS13, false},
			"another host":  {"api.telegram.org", true, tls.VersionTLS13, false},
			"TLS 1.1":       {"127.0.0.1", true, tls.VersionTLS11, false},
			"TLS 1.0":       {"127.0.0.1", true, tls.VersionTLS10, false},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cert, err := selfSigned(host.named)
				if err != nil {
					t.Fatal(err)
				}
				var requests atomic.Int32
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					requests.Add(1)
					w.WriteHeader(http.StatusBadGateway)
				}))
				server.Config.ErrorLog = discard
				server.TLS = &tls.Config{ //nolint:gosec // an old version is the point
					MinVersion: tls.VersionTLS10, MaxVersion: host.version, Certificates: []tls.Certificate{cert},
				}
				server.StartTLS()
				defer server.Close()

				both := harness.OnLoopback(t)
				s := harness.NewChatScene(t, both)
				s.Reconfigure(both.Telegram.URL(), server.URL, both.Discord.URL(), server.URL)
				roots := filepath.Join(s.Dir, "roots.pem")
				s.Write(roots, nil)
				if host.trusted {
					s.Write(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
				}
				s.Env = []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + s.Dir}
				p := s.Start()
				s.Ban("203.0.113.7")
				awaitAttempts(t, p)
				p.Stop()
				if arrived := requests.Load() > 0; arrived != host.arrives {
					t.Errorf("%d requests arrived, want any: %v", requests.Load(), host.arrives)
				}
			})
		}
	})
	harness.Reached(t, "self-signed, of another host, TLS 1.0 and 1.1: 0 requests")
}
