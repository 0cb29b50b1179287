package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuietEndsByTheClock(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, brussels)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	night := Quiet{From: 22 * time.Hour, To: 7 * time.Hour, Zone: brussels}
	noon := Quiet{From: 12 * time.Hour, To: 13*time.Hour + 30*time.Minute, Zone: brussels}
	early := Quiet{From: 90 * time.Minute, To: 150 * time.Minute, Zone: brussels} // its end is skipped, or comes twice
	tests := map[string]struct {
		quiet Quiet
		at    time.Time
		want  time.Time // zero: not quiet
	}{
		"before the night":    {night, at("2026-06-01 21:59"), time.Time{}},
		"evening":             {night, at("2026-06-01 22:00"), at("2026-06-02 07:00")},
		"morning":             {night, at("2026-06-02 06:59"), at("2026-06-02 07:00")},
		"after the night":     {night, at("2026-06-02 07:00"), time.Time{}},
		"last day of a month": {night, at("2026-12-31 23:00"), at("2027-01-01 07:00")},
		"noon":                {noon, at("2026-06-01 12:00"), at("2026-06-01 13:30")},
		"afternoon":           {noon, at("2026-06-01 13:30"), time.Time{}},
		"clocks go forward":   {night, at("2026-03-28 22:00"), at("2026-03-28 22:00").Add(8 * time.Hour)},
		"clocks go back":      {night, at("2026-10-24 22:00"), at("2026-10-24 22:00").Add(10 * time.Hour)},
		"its end is skipped":  {early, at("2026-03-29 01:45"), at("2026-03-29 02:30")},
		"its end comes twice": {early, at("2026-10-25 01:45"), at("2026-10-25 02:30")},
		"after both":          {early, at("2026-10-25 03:00"), time.Time{}},
	}
	for name, tc := range tests {
		if got := tc.quiet.Until(tc.at.UTC()); !got.Equal(tc.want) {
			t.Errorf("%s: until %v, want %v", name, got.In(brussels), tc.want)
		}
	}
	if got := (*Quiet)(nil).Until(time.Now()); !got.IsZero() {
		t.Errorf("no quiet time lasts until %v", got)
	}
}

func TestQuietHoldsAllButAlertsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.deliverer.Quiet = &Quiet{From: 22 * time.Hour, To: 7 * time.Hour, Zone: brussels}
		var again time.Duration
		d.deliverer.Again = func(after time.Duration) { again = after }
		time.Sleep(22 * time.Hour) // until 23:00
		for i := range 3 {
			d.ban("198.51.100.7", "CN", ago(time.Duration(i+2)*24*time.Hour)) // history, to be summarised
		}
		d.step()
		d.said()
		if until := time.Now().Add(again); again == 0 || until.In(brussels).Format("15:04") != "07:00" {
			t.Errorf("the next step is due at %v, want 7:00", until)
		}
		for i := range 250 { // more than are looked at for one message
			key := strings.Repeat("x", i%7) + "trouble/" + time.Duration(i).String()
			if err := d.health.Post(t.Context(), key, headed("Trouble", "")); err != nil {
				t.Fatal(err)
			}
		}
		d.ban("198.51.100.8", "BE")
		d.step()
		d.said("banned 198.51.100.8")
		time.Sleep(8 * time.Hour)
		d.step()
		if all := strings.Join(d.sender.texts(), "\n"); strings.Count(all, "Trouble") != 250 ||
			!strings.Contains(all, "Read 3 bans") || strings.Count(all, "198.51.100.8") != strings.Count(d.sender.texts()[0], "198.51.100.8") {
			t.Errorf("after the night came\n%s", all)
		}
	})
}

// Alerts and trouble ring; summaries, digests, recovery and answers do not.
func TestOnlyAlertsAndTroubleRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		look := func() {
			t.Helper()
			if err := d.health.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.step()
		}
		d.ban("198.51.100.9", "CN", ago(48*time.Hour))
		d.step()
		d.ban("198.51.100.7", "BE")
		d.step()
		untilDigest()
		d.digest()
		time.Sleep(25 * time.Hour)
		look()
		d.ban("198.51.100.8", "CN")
		look()
		rings := []struct {
			says   string
			silent bool
		}{
			{"Read 1 ban", true},
			{"banned 198.51.100.7", false},
			{"0 bans", true},
			{"web1 is silent", false},
			{"web1 is back", true},
		}
		if len(d.sender.sent) != len(rings) {
			t.Fatalf("%q", d.sender.texts())
		}
		for i, want := range rings {
			if m := d.sender.sent[i]; !strings.Contains(m.Text.String(), want.says) || m.Silent != want.silent {
				t.Errorf("%q is silent: %v, want %q and %v", m.Text, m.Silent, want.says, want.silent)
			}
		}
	})
}
