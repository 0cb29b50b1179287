package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"friendlyfire/bot/msg"
)

// hostile is text that would mention, link or show markup where it is not made harmless.
var hostile = []string{
	"<!channel>", "<!here>", "<!everyone|x>", "<!subteam^S012>", "<@U012AB3CD>", "<#C012AB3CD>", "<https://evil.example|bank>",
	"@channel", "@here", "@all", "@everyone", "<at>everyone</at>", "*bold* _it_ ~st~ `code` ```pre```", "[a](https://evil.example)",
	"![a](https://evil.example/x.png)", "# head", "> quote", "- list", "1. list", "| a | b |", "https://evil.example", "www.evil.example",
	":fire: &amp; &lt;!channel&gt;", "a\u202eb\x00c\x1b[31m", "\\*x\\*", "``` <!channel> ```",
}

// message has the text in every style.
func message(text string) msg.Message {
	return msg.Message{Text: msg.Text{
		{Text: "head " + text + "\n" + text + "\n"}, {Text: text, Style: msg.Bold}, {Text: text, Style: msg.Code}, {Text: text, Style: msg.Pre},
	}, Kind: msg.Alert}
}

// In Slack a text element shows what it holds. The text beside the blocks is markup, in which an angle bracket begins
// all that can act.
func TestS05SlackShowsTextAsItIs(t *testing.T) {
	for _, text := range hostile {
		var body struct {
			Text   string
			Blocks []struct {
				Type     string
				Elements []struct {
					Type     string
					Elements []map[string]any
				}
			}
		}
		if err := json.Unmarshal(slackBody(message(text), "", time.Now()), &body); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(body.Text, "<>\x00\x1b\u202e") || strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(body.Text), "&") {
			t.Errorf("%q is in the text as %q", text, body.Text)
		}
		shown := ""
		for _, block := range body.Blocks {
			for _, e := range block.Elements {
				if block.Type != "rich_text" || e.Type != "rich_text_section" && e.Type != "rich_text_preformatted" {
					t.Errorf("a block %s of %s", block.Type, e.Type)
				}
				for _, leaf := range e.Elements {
					if leaf["type"] != "text" || leaf["text"] == "" {
						t.Errorf("an element %v", leaf)
					}
					shown += leaf["text"].(string)
				}
			}
		}
		if want := strings.Trim(message(text).Text.Visible().String(), "\n"); shown != want {
			t.Errorf("shown is %q, want %q", shown, want)
		}
	}
}

// A run of rich text in an adaptive card is no Markdown, and a mention needs an entity.
func TestS05TeamsShowsTextAsItIs(t *testing.T) {
	for _, text := range hostile {
		var body struct {
			Type        string
			Attachments []struct {
				ContentType string
				Content     struct {
					Type, Version string
					Body          []struct {
						Type    string
						Inlines []struct{ Type, Text string }
					}
					MSTeams any
				}
			}
		}
		raw := teamsBody(message(text), "", time.Now())
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		card := body.Attachments[0]
		if body.Type != "message" || card.ContentType != "application/vnd.microsoft.card.adaptive" || card.Content.Type != "AdaptiveCard" {
			t.Fatalf("no card: %s", raw)
		}
		var lines []string
		for _, block := range card.Content.Body {
			line := ""
			for _, run := range block.Inlines {
				if block.Type != "RichTextBlock" || run.Type != "TextRun" || run.Text == "" {
					t.Errorf("%+v in a %s", run, block.Type)
				}
				line += run.Text
			}
			lines = append(lines, line)
		}
		if got, want := strings.Join(lines, "\n"), message(text).Text.Visible().String(); got != want {
			t.Errorf("shown is %q, want %q", got, want)
		}
		if strings.Contains(string(raw), "entities") {
			t.Errorf("entities in %s", raw)
		}
	}
}

// What fits is within the limits, whatever it is made of.
func TestWhatFitsIsWithinTheLimits(t *testing.T) {
	for name, limit := range map[string]func([]byte) int{
		"":           func(b []byte) int { return len(b) - 20_000 },
		"slack":      func(b []byte) int { return utf8.RuneCountInString(field(b)) - 3000 },
		"mattermost": func(b []byte) int { return utf8.RuneCountInString(field(b)) - 4000 },
		"teams":      func(b []byte) int { return len(b) - 21_000 },
	} {
		f := forms[name]
		for _, piece := range []string{"a", "<&>", "é", "🇧🇪", "\n", "a\n", "@.", "\""} {
			n := 1
			m := func(n int) msg.Message { return msg.Message{Text: msg.Text{{Text: strings.Repeat(piece, n) + "."}}} }
			for n < 20_000 && f.fits(m(n+n/4+1).Text) {
				n += n/4 + 1
			}
			if over := limit(f.body(m(n), "ABCDEFGHIJKLMNOPQRST", time.Now())); over > 0 {
				t.Errorf("%s: %d × %q is %d over the limit", name, n, piece, over)
			}
			if n < 150 {
				t.Errorf("%s: only %d × %q fit", name, n, piece)
			}
		}
	}
}

// field is the text of a body.
func field(body []byte) string {
	var b struct{ Text string }
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	return b.Text
}
