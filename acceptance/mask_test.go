package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

// With mask = true no chat gets to see a whole address: not in alerts, summaries, digests, reports, answers or proposals.
func TestS17MaskedAddressesAreInNoChat(t *testing.T) {
	if testing.Short() {
		t.Skip("waits half a minute for the limits of Telegram; the other passes run it")
	}
	t.Parallel() // most of it is waiting for Telegram's limits
	banned := []string{"203.0.113.9", "203.0.113.8/32", "2001:db8:1::5", harness.Belgian, harness.Belgian2, harness.Foreign}
	whois := &whoistest.Server{}
	whois.Handle("", whoistest.Text(func(q whoistest.Question) string { // each address is a network of its own
		return whoistest.RIPE(q.Address()+"/32", "BE", "CUSTOMER-"+strings.ReplaceAll(q.Address(), ".", "-"))
	}))
	both := harness.OnLoopback(t)
	s := harness.NewScene(t, strings.NewReplacer(
		`"203.0.113.0/24"`, `"203.0.113.0/24", "2001:db8::/32"`,
		"whois = false", "whois_server = \""+whois.Listen(t)+"\"\n[privacy]\nmask = true",
		`every = "1s"`, "every = \"1s\"\nsilent_after = \"0s\"",
	).Replace(both.Config()))
	s.Env = []string{"FRIENDLYFIRE_TELEGRAM_TOKEN=" + telegramtest.Token, "FRIENDLYFIRE_DISCORD_TOKEN=" + discordtest.Token}

	// The database began some days ago, and holds yesterday's bans: a digest is due.
	now := time.Now()
	database := filepath.Join(s.Dir, "state", "friendlyfire.db")
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetValue(t.Context(), "store/born", fmt.Sprint(now.Add(-72*time.Hour).Unix())); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for i, address := range banned {
		s.Append(harness.BanRow(now.Add(-24*time.Hour+time.Duration(i)*time.Second), address, "sshd", ""))
	}
	if _, stderr, code := s.Run("run", "--once"); code != 0 { // all of it is read before the digest is written
		t.Fatalf("code %d: %s", code, stderr)
	}
	both.Await(t, "Imported 6 bans ", 1)
	both.Await(t, ": 6 bans", 1) // the digest
	p := s.Start()
	for _, address := range banned {
		plain, _, _ := strings.Cut(address, "/")
		s.Append(harness.BanRow(now, address, "sshd", strings.Join([]string{
			"first", "Failed password for anna from " + plain + " port 22, rhost=" + strings.NewReplacer(".", "-", ":", "-").Replace(plain) + ".example [" + plain + "]:22",
		}, "\n")))
	}
	both.Await(t, harness.AnyAlert(), len(banned))

	// Telegram takes no pictures: it gets the charts as text.
	both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if q.Method == "sendPhoto" {
			return telegramtest.Refuse(http.StatusBadRequest, "Bad Request: IMAGE_PROCESS_FAILED")
		}
		return nil
	})
	both.Discord.AwaitListening(t)
	commands := [][]string{{"friends", "since", "all"}, {"status"}, {"help"}}
	for _, kind := range bot.Kinds() {
		commands = append(commands, []string{"report", "by", kind, "since", "all"})
	}
	for _, address := range banned {
		commands = append(commands, []string{"ip", "address", address})
	}
	for _, c := range commands {
		text := "/" + c[0]
		for i := 2; i < len(c); i += 2 {
			text += " " + c[i]
		}
		asked := len(both.Telegram.Messages())
		both.Telegram.Say(42, 0, 7, text)
		if _, err := both.Discord.Slash(discordtest.Admin, c[0], c[1:]...).Answer(t.Context()); err != nil {
			t.Errorf("%q: %v", c, err)
		}
		both.Telegram.Await(t, 30*time.Second, func() bool { return len(both.Telegram.Messages()) > asked })
	}
	for _, typed := range []string{"", "2", "203.0.113.", harness.Belgian[:4]} {
		typing := both.Discord.Type(discordtest.Admin, "ip", "address", typed)
		both.Discord.Await(t, 10*time.Second, func() bool { return typing.Proposals() != nil })
		if got := typing.Proposals(); len(got) > 0 {
			t.Errorf("proposed %q", got)
		}
	}
	p.Stop()

	sent := said(t, both)
	if len(sent) < 40 {
		t.Errorf("only %d texts were sent", len(sent))
	}
	for _, want := range []string{"203.0.113.0/24", "2001:db8:1::/48", "34.38.29.0/24", "Log: Failed password for anna from 34.38.29.0/24 port 22", "CUSTOMER-34.38.29.0/24"} {
		if !strings.Contains(strings.Join(sent, "\n"), want) {
			t.Errorf("%q was never said", want)
		}
	}
	leaks := 0
	for _, address := range banned {
		plain, _, _ := strings.Cut(address, "/")
		whole := regexp.MustCompile("(?i)" + strings.NewReplacer(`\.`, "[._-]", ":", "[:-]").Replace(regexp.QuoteMeta(plain)) + `([^0-9a-f]|$)`)
		for _, text := range sent {
			if at := whole.FindStringIndex(text); at != nil {
				leaks++
				t.Errorf("%s is in %q", address, text)
			}
		}
	}
	t.Attr("reached", fmt.Sprintf("%d addresses, %d texts to 3 chats, %d whole addresses in them", len(banned), len(sent), leaks))
}

// said is every text that was sent to a platform: messages, captions, buttons, proposals.
func said(t *testing.T, both harness.Platforms) (all []string) {
	t.Helper()
	for _, q := range both.Telegram.Requests() {
		for _, value := range q.Params {
			all = append(all, value)
		}
	}
	for _, q := range both.Discord.Requests("") {
		body := string(q.Body)
		var text string
		for rest := body; ; { // strings of JSON, wherever they are
			start := strings.IndexByte(rest, '"')
			if start < 0 {
				break
			}
			decoder := json.NewDecoder(strings.NewReader(rest[start:]))
			if err := decoder.Decode(&text); err != nil {
				rest = rest[start+1:]
				continue
			}
			all = append(all, harness.Unescape(text))
			rest = rest[start+int(decoder.InputOffset()):]
		}
	}
	return all
}
