package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What is usual is said of a past that is long enough, of that jail on that server, and never of the storm itself.
func TestAStormSaysWhatIsUsualWhereItIsKnown(t *testing.T) {
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		days, every int // of the past; a ban of a friend on each so manieth day, 0: on none
		jail        string
		want        string
	}{
		"a day":        {30, 1, "sshd", "00:59 · usually 1 a day · 198.51.100.0/24 60\n"},
		"seldom":       {30, 10, "sshd", "00:59 · usually 1 in 10 days · "},
		"never":        {30, 0, "sshd", "00:59 · usually none · "},
		"another jail": {30, 1, "dovecot", "00:59 · 198.51.100.0/24 60\n"},
		"a short past": {13, 1, "sshd", "00:59 · 198.51.100.0/24 60\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				for back := 1; back <= tc.days; back++ {
					d.ban("203.0.113.7", "CN", by(tc.jail), ago(time.Duration(back)*day))
					if tc.every > 0 && back%tc.every == 0 {
						d.ban("198.51.100.200", "BE", by(tc.jail), ago(time.Duration(back)*day))
					}
				}
				d.step()
				d.storm(60)
				d.step()
				if text := strings.Join(d.sender.texts(), "\n"); !strings.Contains(text, tc.want) {
					t.Errorf("got\n%s\nwant in it %q", text, tc.want)
				}
			})
		})
	}
}
