package acceptance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/enrich/whoistest"
)

// With whois, from a ban to its alert: a registry may know what the table does not, and may disagree with it.
func TestBinaryReportsWhatTableAndWhoisEachSay(t *testing.T) {
	t.Parallel()
	whois := &whoistest.Server{}
	whois.Handle("", whoistest.Text(func(q whoistest.Question) string {
		if strings.Contains(q.Text, harness.Foreign) {
			return whoistest.RIPE("47.74.15.0/24", "BE", "EXAMPLE-BE")
		}
		return whoistest.RIPE("34.38.29.0/24", "NL", "EXAMPLE-NL")
	}))
	telegram := telegramtest.Start(t)
	s := harness.NewTelegramScene(t, telegram,
		harness.Change{"whois = false", fmt.Sprintf("whois_server = %q", whois.Listen(t))})
	p := s.Start()
	now := time.Now()
	for range 3 { // which is still one question for each network
		now = now.Add(time.Second)
		s.Append(harness.BanRow(now, harness.Foreign, "sshd", ""))
		s.Append(harness.BanRow(now, harness.Belgian, "sshd", ""))
	}
	var all string
	telegram.Await(t, 30*time.Second, func() bool {
		all = ""
		for _, m := range telegram.Messages() {
			all += m.Text + "\n\n"
		}
		return strings.Count(all, harness.AnyAlert()) == 6 && strings.Contains(all, "34.38.29.0/24")
	})
	for _, want := range []string{
		harness.AlertIn("BE", harness.Foreign) + "\n",
		"Alibaba (US) Technology (AS45102), 47.74.15.0/24\nBelgium by whois, United States by the built-in table\n",
		harness.AlertIn("BE", harness.Belgian) + "\n",
		"Google (AS396982), 34.38.29.0/24\nNetherlands by whois, Belgium by the built-in table\n",
		"3rd ban, the last today ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	p.Stop()
	if n := len(whois.Questions()); n != 2 {
		t.Errorf("%d questions, want one for each of two networks", n)
	}
	want := `{"ip":"` + harness.Foreign + `","country":"BE","table":"US","whois":"BE",` +
		`"network":"47.74.15.0/24","name":"EXAMPLE-BE","source":"whois","bans":3,` +
		`"as":45102,"holder":"Alibaba (US) Technology Co., Ltd.","verdict":"unclear",` +
		`"reasons":["an address of a hosting company","no log lines are known"]}` + "\n"
	if out := s.MustRun("lookup", "--json", harness.Foreign); out != want {
		t.Errorf("got %swant %s", out, want)
	}
}
