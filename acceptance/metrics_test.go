package acceptance

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestS01BinaryServesMetricsWithoutSecretsOrAddresses(t *testing.T) {
	telegram, at := telegramtest.Start(t), harness.FreePort(t)
	s := harness.NewScene(t, strings.NewReplacer("127.0.0.1:9109", at, "[enrich]", "[enrich]\nwhois = false").Replace(harness.WithMetrics)+
		"[telegram]\nchats = [-1001]\nusers = [7]\napi = \""+telegram.URL()+"\"\n")
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token}
	p := s.Start()
	s.Append(harness.BanRow(time.Now(), harness.Belgian, "sshd", "Failed password from "+harness.Belgian))
	const sent = `friendlyfire_notices_sent_total{chat="-1001",kind="alert",platform="telegram"} 1`
	var code int
	var body string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && !strings.Contains(body, sent); time.Sleep(50 * time.Millisecond) {
		code, body = harness.Get(t, http.MethodGet, "http://"+at+"/metrics")
	}
	for _, want := range []string{sent, `friendlyfire_friendly_bans_total{jail="sshd",source="web1"} 1`, "go_goroutines ", "process_resident_memory_bytes "} {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("code %d, %s is not in\n%s", code, want, body)
		}
	}
	for _, secret := range []string{telegramtest.Token, "CANARY", harness.Belgian, "password"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in\n%s", secret, body)
		}
	}
	for request, want := range map[[2]string]int{
		{http.MethodGet, "/"}: 404, {http.MethodGet, "/debug/pprof/"}: 404, {http.MethodPost, "/metrics"}: 405, {http.MethodGet, "/metrics/x"}: 404,
	} {
		if code, body := harness.Get(t, request[0], "http://"+at+request[1]); code != want || strings.Contains(body, "friendlyfire_") {
			t.Errorf("%v: %d %q, want %d", request, code, body, want)
		}
	}
	p.Stop()
	if code, _ := harness.Get(t, http.MethodGet, "http://"+at+"/metrics"); code != 0 {
		t.Errorf("%d from a bot that has stopped", code)
	}
}

func TestMetricsPortThatCannotBeHadIsAMistakeOfTheConfiguration(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := harness.NewScene(t, strings.Replace(harness.WithMetrics, "127.0.0.1:9109", taken.Addr().String(), 1))
	for listen, want := range map[string]string{
		taken.Addr().String(): "address already in use",
		"192.0.2.1:9109":      "cannot assign requested address",
	} {
		s = harness.NewScene(t, strings.Replace(harness.WithMetrics, "127.0.0.1:9109", listen, 1))
		_, stderr, code := s.Run()
		if code != harness.ExitConfig || !strings.Contains(stderr, "metrics.listen: cannot listen there: bind: "+want) {
			t.Errorf("%s: code %d, %q, want %d and %q", listen, code, stderr, harness.ExitConfig, want)
		}
	}
	if _, stderr, code := s.Run("run", "--once"); code != 0 {
		t.Errorf("--once opens a port: code %d, %q", code, stderr)
	}
}
