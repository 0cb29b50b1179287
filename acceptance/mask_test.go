package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
	"friendlyfire/enrich/whoistest"
)

// With mask = true no chat sees a whole address: not in alerts, summaries, digests, reports, answers or proposals.
func TestS17MaskedAddressesAreInNoChat(t *testing.T) {
	t.Parallel()
	banned := []string{
		"203.0.113.9", "203.0.113.8/32", "2001:db8:1::5", harness.Belgian, harness.Belgian2, harness.Foreign,
	}
	simulate(t, func(t *testing.T, s *simulation) { s.maskedAddresses(t, banned) }, everyMinute, harness.Change{
		`at = ""`, `at = "00:00"`, "whois = false", "whois_server = \"whois.example.net:43\"\n[privacy]\nmask = true",
	})
}

func (s *simulation) maskedAddresses(t *testing.T, banned []string) {
	whois := &whoistest.Server{}
	whois.Handle("", whoistest.Text(func(q whoistest.Question) string { // each address is a network of its own
		return whoistest.RIPE(q.Address()+"/32", "BE", "CUSTOMER-"+strings.ReplaceAll(q.Address(), ".", "-"))
	}))
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ":43") {
			return whois.Dial(ctx, network, address)
		}
		return s.Dial(ctx, network, address)
	}
	both := s.Platforms

	// Bans of some hours ago are told in a summary, and at midnight in the digest of their day.
	time.Sleep(22*time.Hour + 45*time.Minute) // a quarter to midnight
	for i, address := range banned {
		s.Append(harness.BanRow(time.Now().Add(-2*time.Hour+time.Duration(i)*time.Second), address, "sshd", ""))
	}
	s.bot = startInProcess(s.Scene, dial)
	time.Sleep(20 * time.Minute)
	both.Want(t, map[string]int{"Read 6 bans": 1, " of 6 bans hit friends": 1})
	now := time.Now()
	for i, address := range banned {
		plain, _, _ := strings.Cut(address, "/")
		dashed := strings.NewReplacer(".", "-", ":", "-").Replace(plain)
		s.Append(harness.BanRow(now, address, fmt.Sprint("jail", i),
			"first\nFailed password for anna from "+plain+" port 22, rhost="+dashed+".example ["+plain+"]:22"))
	}
	s.bot.wake()
	time.Sleep(10 * time.Minute)
	both.Want(t, map[string]int{harness.AnyAlert(): len(banned)})

	// Telegram refuses pictures, so that it gets the charts as text.
	both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
		if q.Method == "sendPhoto" {
			return telegramtest.Refuse(http.StatusBadRequest, "Bad Request: IMAGE_PROCESS_FAILED")
		}
		return nil
	})
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
		answer := both.Discord.Slash(discordtest.Admin, c[0], c[1:]...)
		time.Sleep(time.Minute)
		if len(answer.Answers()) == 0 || len(both.Telegram.Messages()) == asked {
			t.Errorf("%q is not answered", c)
		}
	}
	for _, typed := range []string{"", "2", "203.0.113.", harness.Belgian[:4]} {
		typing := both.Discord.Type(discordtest.Admin, "ip", "address", typed)
		time.Sleep(10 * time.Second)
		if got := typing.Proposals(); got == nil || len(got) > 0 {
			t.Errorf("proposed %q", got)
		}
	}
	s.bot.stop()

	sent := sentTexts(both)
	if len(sent) < 40 {
		t.Errorf("only %d texts were sent", len(sent))
	}
	for _, want := range []string{
		"203.0.113.0/24", "2001:db8:1::/48", "34.38.29.0/24",
		"Failed password for anna …, rhost=34.38.29.0/24.example …", "CUSTOMER-34.38.29.0/24",
	} {
		if !strings.Contains(strings.Join(sent, "\n"), want) {
			t.Errorf("%q was never sent", want)
		}
	}
	leaks := 0
	for _, address := range banned {
		plain, _, _ := strings.Cut(address, "/")
		anySeparator := strings.NewReplacer(`\.`, "[._-]", ":", "[:-]").Replace(regexp.QuoteMeta(plain))
		whole := regexp.MustCompile("(?i)" + anySeparator + `([^0-9a-f]|$)`)
		for _, text := range sent {
			if at := whole.FindStringIndex(text); at != nil {
				leaks++
				t.Errorf("%s is in %q", address, text)
			}
		}
	}
	harness.Reached(t, "%d addresses, %d texts to 3 chats, %d whole addresses in them", len(banned), len(sent), leaks)
}

// sentTexts are all texts that were sent to the platforms: messages, captions, buttons, proposals.
func sentTexts(both harness.Platforms) (all []string) {
	for _, q := range both.Telegram.Requests() {
		for _, value := range q.Params {
			all = append(all, value)
		}
	}
	for _, q := range both.Discord.Requests("") {
		body := string(q.Body)
		var text string
		for rest := body; ; { // every JSON string, wherever it stands
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
