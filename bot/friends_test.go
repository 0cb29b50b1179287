package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

// What a storm counts and does not name can be read page by page.
func TestR15FriendsLeadsToEveryBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.storm(123)
		seen := map[string]bool{}
		command, pages := "/friends 24h", 0
		for command != "" {
			m := d.commands.Answer(t.Context(), msg.Request{Text: command})
			for line := range strings.Lines(m.Text.String()) {
				for word := range strings.FieldsSeq(line) {
					if strings.HasPrefix(word, "198.51.") {
						seen[word] = true
					}
				}
			}
			command = ""
			if pages++; len(m.Buttons) > 0 {
				if last := m.Buttons[0][len(m.Buttons[0])-1]; last.Label == "More" {
					command = last.Command
				}
			}
		}
		if len(seen) != 123 || pages != 13 {
			t.Errorf("%d of 123 addresses on %d pages", len(seen), pages)
		}
	})
}

func TestFriendsCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(100 * 24 * time.Hour)
		for i := range 12 {
			for n := range i + 1 {
				d.ban(fmt.Sprint("198.51.100.", i), "BE", ago(time.Duration(n)*24*time.Hour))
			}
		}
		tests := map[string]struct{ ask, want string }{
			"first page": {"/friends 30d", "78 friendly bans of 78 (100%)\n30 days to Mon 10 Apr 02:00 CEST\n" +
				"Mon 10 Apr 02:00  🇧🇪 BE 198.51.100.11  sshd on web1\n"},
			"the way on":   {"/friends 30d", "\n… and 68 earlier: /friends 30d 2"},
			"last page":    {"/friends 30d 8", "\nThu 30 Mar 02:00  🇧🇪 BE 198.51.100.11  sshd on web1"},
			"past the end": {"/friends 30d 99", "78 friendly bans of 78"},
			"often": {"/friends often", "9 friends banned 4 times or more\n30 days to Mon 10 Apr 02:00 CEST\n" +
				"🇧🇪 198.51.100.11 ×12, 30 Mar to 10 Apr\n"},
			"often, a day": {"/friends often 24h", "No friend was banned 4 times or more\n"},
			"mistyped":     {"/friends always", "I do not know “always”."},
		}
		for name, tc := range tests {
			got := d.commands.Answer(t.Context(), msg.Request{Text: tc.ask}).Text.String()
			if !strings.Contains(got, tc.want) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
			}
		}
	})
}
