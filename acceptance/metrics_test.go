package acceptance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestS01BinaryServesMetricsWithoutSecretsOrAddresses(t *testing.T) {
	at := freePort(t)
	url := "http://" + at
	s := harness.NewTelegramScene(t, telegramtest.Start(t), harness.Change{"[enrich]", metricsAt(at) + "[enrich]"})
	p := s.Start()
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", "Failed password from "+harness.Belgian))
	const sent = `friendlyfire_notices_sent_total{chat="-1001",kind="alert",platform="telegram"} 1`
	var code int
	var body string
	harness.Await(t, 30*time.Second, sent, func() bool {
		code, body = get(t, http.MethodGet, url+"/metrics")
		return strings.Contains(body, sent)
	})
	for _, want := range []string{
		`friendlyfire_friendly_bans_total{jail="sshd",source="web1"} 1`, "go_goroutines ",
		"process_resident_memory_bytes ",
	} {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("code %d, %s is not in\n%s", code, want, body)
		}
	}
	for _, secret := range []string{telegramtest.Token, canary, harness.Belgian, "password"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in\n%s", secret, body)
		}
	}
	for request, want := range map[[2]string]int{
		{http.MethodGet, "/"}: 404, {http.MethodGet, "/debug/pprof/"}: 404, {http.MethodGet, "/metrics/x"}: 404,
		{http.MethodPost, "/metrics"}: 405,
	} {
		code, body := get(t, request[0], url+request[1])
		if code != want || strings.Contains(body, "friendlyfire_") {
			t.Errorf("%v: %d %q, want %d", request, code, body, want)
		}
	}
	p.Stop()
	if code, _ := get(t, http.MethodGet, url+"/metrics"); code != 0 {
		t.Errorf("a stopped bot answers with %d", code)
	}
}

// metricsAt is the section of a configuration with this address for Prometheus.
func metricsAt(address string) string { return fmt.Sprintf("[metrics]\nlisten = %q\n", address) }

// freePort is an address on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// get makes a request; code is 0 if nobody answers.
func get(t *testing.T, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestMetricsPortThatIsNotAvailableIsAConfigurationMistake(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for listen, want := range map[string]string{
		taken.Addr().String(): "address already in use",
		"192.0.2.1:9109":      "cannot assign requested address",
	} {
		s := harness.NewScene(t, harness.TableOnly+metricsAt(listen))
		_, stderr, code := s.Run()
		if code != harness.ExitConfig || !strings.Contains(stderr, "metrics.listen: cannot listen there: bind: "+want) {
			t.Errorf("%s: code %d, %q, want %d and %q", listen, code, stderr, harness.ExitConfig, want)
		}
	}
	s := harness.NewScene(t, harness.TableOnly+metricsAt(taken.Addr().String()))
	s.MustRun("run", "--once") // which opens no port
}
