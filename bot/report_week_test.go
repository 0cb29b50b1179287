package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

func TestLastWeekIsFromMondayToSunday(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-28 15:04": "2026-11-16", "2026-11-23 00:00": "2026-11-16", "2026-11-22 23:59": "2026-11-09",
		"2026-11-01 12:00": "2026-10-19", // the clocks went back on 25 October
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", now, brussels)
		if err != nil {
			t.Fatal(err)
		}
		w := lastWeek(at, brussels)
		if w.From.Format(time.DateOnly) != want || !w.To.Equal(w.From.AddDate(0, 0, 7)) || w.From.Hour() != 0 {
			t.Errorf("%s: %v to %v, want %s", now, w.From, w.To, want)
		}
	}
}

func TestTheCardOfAWeekSaysWhatIsUsualAndWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(59 * time.Hour) // Monday 3 Jan 2000 12:00: this week is not whole
		for week := range 5 {
			for day := range 7 {
				d.ban(fmt.Sprintf("198.51.100.%d", day), "CN")
				if week == 4 {
					d.ban(fmt.Sprintf("198.51.100.%d", 10+day), "NL", by("dovecot"))
				}
				time.Sleep(24 * time.Hour)
			}
			for friend := range []int{1, 2, 2, 3, 6}[week] {
				d.ban(fmt.Sprintf("203.0.113.%d", friend), "BE", ago(24*time.Hour))
			}
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report week 24h"})
		for _, want := range []string{
			"20 bans of 20 addresses\nMon 31 Jan to Sun 6 Feb (CET)\n10 more than in the week before (10)\n",
			"6 bans hit friends last week, usually 2 to 3\n", "All bans: more than usual (9 to 10)\n",
			"Rose most: dovecot, 7 bans, up from 0\n", "New countries: Netherlands 7\n",
		} {
			if !strings.Contains(m.Text.String(), want) {
				t.Errorf("%q does not say %q", m.Text.String(), want)
			}
		}
		for _, want := range []string{"All bans: 20, more than usual,", "Friends: 6,", "Hours: most at 12:00, "} {
			if !strings.Contains(m.Fallback, want) || m.Photo == nil {
				t.Errorf("%q does not say %q, or has no picture", m.Fallback, want)
			}
		}
	})
}
