package acceptance

import (
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/enrich/whoistest"
)

// The whole way with whois: what the table does not know, a registry does; what both know, they may not agree on.
func TestBinaryTellsWhatTableAndWhoisEachSay(t *testing.T) {
	t.Parallel()
	whois := &whoistest.Server{}
	whois.Handle("", whoistest.Text(func(q whoistest.Question) string {
		if strings.Contains(q.Text, harness.Foreign) {
			return whoistest.RIPE("47.74.15.0/24", "BE", "EXAMPLE-BE")
		}
		return whoistest.RIPE("34.38.29.0/24", "NL", "EXAMPLE-NL")
	}))
	telegram := telegramtest.Start(t)
	s := harness.NewScene(t, strings.NewReplacer("$TELEGRAM", telegram.URL(), "$WHOIS", whois.Listen(t)).Replace(`
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois_server = "$WHOIS"
[telegram]
chats = [-1001]
users = [7]
api = "$TELEGRAM"
`))
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token}
	p := s.Start()
	now := time.Now()
	for range 3 { // one question for each network, however often
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
		return strings.Count(all, harness.AnyAlert()) == 6
	})
	for _, want := range []string{
		harness.AlertIn("BE", harness.Foreign) + "sshd on web1, ",
		"Network 47.74.15.0/24 EXAMPLE-BE\nTable: United States; whois: Belgium\n",
		harness.AlertIn("BE", harness.Belgian) + "sshd on web1, ",
		"Network 34.38.29.0/24 EXAMPLE-NL\nTable: Belgium; whois: Netherlands\n",
		"Banned twice before",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	p.Stop()
	if n := len(whois.Questions()); n != 2 {
		t.Errorf("%d questions, want one for each of two networks", n)
	}
	out, _, code := s.Run("lookup", "--json", harness.Foreign)
	if want := `{"ip":"` + harness.Foreign + `","country":"BE","table":"US","whois":"BE","network":"47.74.15.0/24","name":"EXAMPLE-BE","source":"whois","bans":3}` + "\n"; code != 0 || out != want {
		t.Errorf("code %d, got %swant %s", code, out, want)
	}
}
