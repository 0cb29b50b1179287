package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A week has one card, with the digest of Monday, also where that is late.
func TestR22TheCardOfAWeekComesOnceWithTheDigest(t *testing.T) {
	for name, tc := range map[string]struct {
		late  time.Duration // how late the program runs on Mondays
		quiet bool
		want  []string
	}{
		"in time":         {0, false, []string{"Mon 3 Jan", "Mon 10 Jan", "Mon 17 Jan"}},
		"late":            {15 * time.Hour, false, []string{"Mon 3 Jan", "Mon 10 Jan", "Mon 17 Jan"}},
		"a day late":      {20 * time.Hour, false, nil},
		"without any ban": {0, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				if !tc.quiet {
					d.ban("203.0.113.1", "CN")
					d.ban("203.0.113.2", "NL")
				}
				var got []string
				for range 19 {
					untilDigest()
					if time.Now().In(brussels).Weekday() == time.Monday {
						time.Sleep(tc.late)
					}
					if !tc.quiet {
						d.ban("203.0.113.1", "CN")
						d.ban("203.0.113.2", "NL")
					}
					for range 3 { // as after restarts
						d.sender.sent = nil
						d.digest()
						for _, m := range d.sender.sent {
							if strings.HasPrefix(m.Text.String(), "Last week: ") {
								got = append(got, time.Now().In(brussels).Format("Mon 2 Jan"))
								if m.Photo == nil || !m.Silent {
									t.Error("the card has no picture, or rings")
								}
							}
						}
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(tc.want) {
					t.Errorf("cards on %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// A card that a clock ahead has brought forward does not take the place of the week's own.
func TestR31TheCardOfAWeekThatHasNotComeIsNotItsCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("203.0.113.1", "CN")
		early := notices(d.digester.Chats, "digest/2000-01-03/week", Body{Text: headed("early", "")}, time.Now())
		if _, err := d.store.Post(t.Context(), early...); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			untilDigest()
			d.digest()
		}
		if text := strings.Join(d.sender.texts(), "\n"); strings.Count(text, "Last week") != 1 {
			t.Errorf("%q, want one card", text)
		}
	})
}
