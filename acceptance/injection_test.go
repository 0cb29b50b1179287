package acceptance

import (
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
)

// hostile is text that does something, or looks like something else, wherever it is not treated as text.
var hostile = []string{
	"<b>bold</b><a href=\"tg://user?id=7\">x</a>", "*bold* _it_ ~~no~~ ||spoiler|| `code` ```pre``` # head > quote",
	"[x](tg://user?id=7) [y](https://evil.example)", "tg://resolve?domain=evil https://evil.example/x",
	"@everyone @here <@1> <@&2> <#3> <t:0:R> @admin",
	"\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
	"bell\a back\b nul\x00 cr\r del\x7f c1\u009b31m",
	"bidi \u202e gnp.exe \u2066x\u2069 \u200f\u061c", "zero\u200bwidth\ufeffjoined\u00ad",
	"line\u2028separator\u2029s", "tag\U000e0041s", "bad \xff\xfe utf-8 \xc0\xaf",
	"$(reboot) `id` ; rm -rf / && x | y", "=cmd|' /C calc'!A0", "{{.}} ${x} %s %n",
	"a.example @name #tag /cmd $USD bob@a.example", "4111 1111 1111 1111 +1-212-555-0123 192.0.2.7",
	"discord.gg/abcdef </cmd:1> <https://evil.example> :bomb:",
}

// forbidden finds the characters that the program must never show: control characters other than the end of a line,
// invisible characters, and those that change the direction of writing.
func forbidden(text string) (found []string) {
	for i, r := range text {
		bad := r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") // a replacement character is not bad
		if r == '\n' || unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r) && !bad {
			continue
		}
		found = append(found, fmt.Sprintf("%U in %q", r, text[max(0, i-20):min(len(text), i+20)]))
	}
	return found
}

// mentionsNobody reports whether a post to Discord allows no mentions.
func mentionsNobody(q discordtest.Request) bool {
	body := q.Body
	if kind, params, _ := mime.ParseMediaType(q.Header.Get("Content-Type")); kind == "multipart/form-data" {
		form, err := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]).ReadForm(1 << 24)
		if err != nil {
			return false
		}
		body = []byte(form.Value["payload_json"][0])
	}
	var post struct {
		Allowed struct {
			Parse *[]string `json:"parse"`
			Users []string  `json:"users"`
			Roles []string  `json:"roles"`
		} `json:"allowed_mentions"`
	}
	return json.Unmarshal(body, &post) == nil && post.Allowed.Parse != nil &&
		len(*post.Allowed.Parse)+len(post.Allowed.Users)+len(post.Allowed.Roles) == 0
}

const hostileFile = "<b>@everyone<b> _[x](tg:x).csv"

// hostileNames are names of a source and of its file that an administrator may give by mistake.
var hostileNames = harness.Change{
	"$DIR/bans.csv", "$DIR/" + hostileFile, `name = "web1"`, "name = \"<b>[w](tg:x) @here `_*\"",
}

// addHostileBans renames the file of bans and puts hostile text wherever an attacker may put some.
func addHostileBans(s *harness.Scene) {
	s.T.Helper()
	bans := filepath.Join(s.Dir, hostileFile)
	if err := os.Rename(s.Bans, bans); err != nil {
		s.T.Fatal(err)
	}
	s.Bans = bans
	for i, text := range hostile {
		jail := strings.NewReplacer(",", " ", "\x00", "").Replace(text) // a line with a NUL is not a ban
		evidence := "first " + text + "\nlast " + text + " from 203.0.113.1"
		s.Append(harness.BanRow(time.Now(), fmt.Sprintf("203.0.113.%d", i), jail, evidence))
		noAddress := strings.ReplaceAll(jail, " ", "")
		s.Append(harness.BanRow(time.Now(), noAddress, jail, text))
	}
}

// What others wrote is shown as plain text everywhere: no formatting, links, mentions or colours, nothing invisible.
func TestS05ToS07TextIsOnlyText(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, hostileNames)
	addHostileBans(s)
	p := s.Start()
	harness.Await(t, 30*time.Second, "all alerts", func() bool {
		alerted := both.Alerted()
		missing := func(chat string) bool { return len(alerted[chat]) < len(hostile) }
		return !slices.ContainsFunc(harness.AllChats, missing)
	})
	var answers []*discordtest.Interaction
	commands := []string{
		"/status", "/friends", "/report jail", "/report source", "/report " + hostile[0],
		"/ip 203.0.113.5", "/ip " + hostile[5], "/" + hostile[4],
	}
	for _, command := range commands {
		both.Telegram.Say(42, 0, 7, command)
		time.Sleep(50 * time.Millisecond)
	}
	both.Discord.AwaitListening(t)
	for _, options := range [][]string{
		{"status"},
		{"friends"},
		{"report", "by", "jail"},
		{"report", "by", hostile[6]},
		{"ip", "address", "203.0.113.5"},
		{"ip", "address", hostile[7]},
	} {
		answers = append(answers, both.Discord.Slash(discordtest.Admin, options[0], options[1:]...))
	}
	harness.Await(t, 30*time.Second, "answers", func() bool {
		n := 0
		for _, m := range both.Telegram.Messages() {
			if m.Chat == 42 && !harness.AlertForm().MatchString(m.Text) {
				n++
			}
		}
		unanswered := func(i *discordtest.Interaction) bool { return len(i.Answers()) == 0 }
		return n >= 5 && !slices.ContainsFunc(answers, unanswered)
	})
	p.Stop()

	sinks := map[string][]string{"log": {p.Text()}}
	for _, m := range both.Telegram.Messages() {
		sinks["Telegram"] = append(sinks["Telegram"], m.Text)
		for _, e := range m.Entities {
			if !slices.Contains([]string{"bold", "code", "pre"}, e.Type) {
				t.Errorf("an entity of kind %s: %q", e.Type, m.Text)
			}
		}
		if m.Preview && m.Photo == nil {
			t.Errorf("links get a preview: %q", m.Text)
		}
	}
	discord := both.Discord.Messages()
	for _, a := range answers {
		discord = append(discord, a.Answers()...)
	}
	for _, m := range discord {
		sinks["Discord"] = append(sinks["Discord"], m.Content)
	}
	posts := 0
	for _, q := range both.Discord.Requests("") {
		if strings.HasSuffix(q.Path, "/messages") || strings.HasPrefix(q.Path, "/webhooks/") {
			posts++
			if !mentionsNobody(q) {
				t.Errorf("%s %s may mention somebody: %.300s", q.Method, q.Path, q.Body)
			}
		}
	}
	if n := both.Discord.Mentions(); n > 0 || posts == 0 {
		t.Errorf("%d mentions in %d posts", n, posts)
	}
	for _, args := range [][]string{
		{"report", "--by", "jail"},
		{"report", "--by", "jail", "--csv"},
		{"report", "--by", "source", "--csv"},
		{"report", "--by", "strict"},
		{"report", "--by", "banned"},
		{"lookup", "203.0.113.5"},
		{"lookup", "203.0.113.5", "--json"},
		{"lookup", hostile[5]},
		{"check"},
		{"report", "--by", hostile[6][:20]},
	} {
		out, errs, _ := s.Run(args...)
		sinks["commands"] = append(sinks["commands"], out, errs)
	}
	out, _, _ := s.Run("report", "--by", "jail", "--json")
	var report struct{ Rows []struct{ Key, Name string } }
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Rows) == 0 {
		t.Errorf("report --json: %v: %s", err, out)
	}
	for _, row := range report.Rows {
		sinks["JSON"] = append(sinks["JSON"], row.Key, row.Name)
	}
	sinks["terminal"] = []string{shownInTerminal(t)}

	texts := 0
	for sink, shown := range sinks {
		for _, text := range shown {
			texts++
			for _, f := range forbidden(text) {
				t.Errorf("%s shows %s", sink, f)
			}
		}
	}
	harness.Reached(t, "%d texts in %d sinks: 0 foreign entities, 0 mentions in %d posts, 0 forbidden code points",
		texts, len(sinks), posts)
}

// shownInTerminal is what a terminal shows of the same bans.
func shownInTerminal(t *testing.T) string {
	t.Helper()
	s := harness.NewScene(t, harness.TableOnly, hostileNames, harness.Change{`"BE"`, `"BE", "203.0.113.0/24"`})
	addHostileBans(s)
	alerts, errs, _ := s.Run("run", "--once")
	if n := len(harness.AlertForm().FindAllString(alerts, -1)); n != len(hostile) {
		t.Errorf("%d alerts in the terminal, want %d", n, len(hostile))
	}
	s.Wrapper = typing("/status\n/friends\n/report jail\n/ip 203.0.113.5\n/ip " + hostile[5])
	p := s.Start()
	harness.Await(t, 30*time.Second, "answers in the terminal", func() bool {
		return strings.Contains(p.Text(), "is no address")
	})
	p.Stop()
	return alerts + errs + p.Text()
}

// typing is a wrapper for a program that types commands into its terminal.
func typing(commands string) []string {
	return []string{"sh", "-c", "exec \"$@\" <<'END'\n" + commands + "\nEND", "sh"}
}
