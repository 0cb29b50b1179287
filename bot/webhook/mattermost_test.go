package webhook

import (
	"regexp"
	"strings"
	"testing"

	"friendlyfire/bot/msg"
)

// outsideCode is what is between the backticks of a text in Markdown, and what is outside of them.
func outsideCode(markdown string) (outside, code string) {
	for i, part := range strings.Split(markdown, "`") {
		if i%2 == 0 {
			outside += part
		} else {
			code += part
		}
	}
	return outside, code
}

// shownBy takes the escapes off as https://github.com/mattermost/marked does (inline.escape): a backslash before
// anything else is shown.
func shownBy(markdown string) string {
	return regexp.MustCompile("\\\\([`*{}\\[\\]()#+\\-.!_>|~])").ReplaceAllString(markdown, "$1")
}

// acts finds what Mattermost makes of a text when the escapes are off: mentions, hashtags, channels, emoji, entities,
// formulas; and before that, links (inline.gfm.url).
var (
	acts  = regexp.MustCompile(`@[\w-]|#\pL|~[a-z0-9]|:[a-zA-Z0-9_+-]+:|&#?\w+;|<[!@#h]|\$`)
	links = regexp.MustCompile(`[A-Za-z][A-Za-z\d.+-]*:(?:/|[\pL\d%])|\bwww\d{0,3}[.]|[\pL\d.-]+[.]\pL{2,4}/`)
)

func TestS05MattermostShowsTextThatActsOnNothing(t *testing.T) {
	for _, text := range append(hostile, "mailto:a@b.example", "a:b", ":x:", "===", "---", "***", "~~a~~", "$x$", "\\", "a\\") {
		got := mattermostText(message(text).Text)
		outside, code := outsideCode(got)
		if found := acts.FindString(shownBy(outside)); found != "" {
			t.Errorf("%q leaves %q in %q", text, found, got)
		}
		if found := links.FindString(outside); found != "" {
			t.Errorf("%q leaves the link %q in %q", text, found, got)
		}
		if strings.Contains(shownBy(outside), "\\") {
			t.Errorf("%q shows a backslash in %q", text, got)
		}
		if strings.ContainsAny(code, "<") || strings.ContainsAny(got, "\x00\x1b\u202e") || strings.Count(got, "`")%2 != 0 {
			t.Errorf("%q is %q", text, got)
		}
		for line := range strings.Lines(outside) {
			if block := regexp.MustCompile(`^\s*(?:[#>=*+|-]|\d+\.)`).FindString(line); block != "" && !strings.HasPrefix(line, "**") {
				t.Errorf("%q begins a block with %q in %q", text, block, got)
			}
		}
	}
}

// Our own words show as they are everywhere else.
func TestMattermostShowsAnAlertAsItIs(t *testing.T) {
	said := msg.Text{
		{Text: "🇧🇪 "},
		{Text: "sshd", Style: msg.Code},
		{Text: " on web1 banned friends: 5; \"quoted\", it's 100% (Belgium)\n01:00 to 02:00 · 1st ban here, 5/6 + 1 = … | a_b"},
	}
	outside, _ := outsideCode(mattermostText(said))
	want := strings.ReplaceAll(said.String(), "sshd", "")
	if got := shownBy(outside); got != strings.ReplaceAll(want, "=", "＝") {
		t.Errorf("shows %q, want %q", got, want)
	}
}
