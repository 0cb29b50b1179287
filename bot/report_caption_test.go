package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

func TestWhatTheOriginalFormCannotShowIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		const word = "web1 is in the original form: no jails, no IPv6, and each address only once"
		for columns, want := range map[string]bool{"DATE,TIME,IP_ADDRESS,JAIL": false, "DATE,TIME,IP_ADDRESS": true} {
			d.line++
			_, err := d.store.AddBans(t.Context(), store.Batch{
				Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line, Columns: columns},
				Lines: 1,
				Bans:  []store.Ban{{Time: time.Now(), Address: "198.51.100.7"}}, ReadAt: time.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			report := d.commands.Answer(t.Context(), msg.Request{Text: "/report"}).Text.String()
			bodies, err := d.digester.Compose(t.Context(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{report, bodies[0].Text.String()} {
				if strings.Contains(text, word) != want {
					t.Errorf("columns %s: %q in %q: want %v", columns, word, text, want)
				}
			}
			time.Sleep(time.Minute) // until the report is drawn anew
		}
	})
}

// One bar or column is no picture: words say it.
func TestOneBarIsNoPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(12 * time.Hour)
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "BE")
		for by, want := range map[string]bool{"country": false, "source": false, "day": false, "network": false, "hour": true} {
			if m := d.told("/report " + by + " 24h"); (m.Photo != nil) != want {
				t.Errorf("%s: a picture %v, want %v:\n%s", by, m.Photo != nil, want, m.Text)
			}
		}
		d.ban("192.0.2.1", "CN", ago(20*time.Hour))
		for _, by := range []string{"country", "day"} {
			if m := d.told("/report " + by + " 7d"); m.Photo == nil {
				t.Errorf("%s: no picture of two:\n%s", by, m.Text)
			}
		}
	})
}
