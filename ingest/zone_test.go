package ingest

import (
	"context"
	"os"
	"testing"
	"time"
)

// A line that was just appended happened now, whatever zone its server's clock is in: its ban is news.
func TestT03WrongZonesDoNotSilence(t *testing.T) {
	for name, offset := range map[string]time.Duration{
		"Europe/Brussels": 0, "America/New_York": 0, "Asia/Kolkata": 0, "Asia/Tokyo": 0, "UTC": 0,
	} {
		for _, form := range []string{"log", "csv"} {
			t.Run(name+", "+form, func(t *testing.T) {
				zone, err := time.LoadLocation(name)
				if err != nil {
					t.Fatal(err)
				}
				line := func(at time.Time, address string) string {
					if form == "csv" {
						return at.UTC().Format("2006-01-02,15:04:05") + "," + address + "\n"
					}
					return at.UTC().Format(time.DateTime) + ",001 fail2ban.actions [9]: NOTICE  [sshd] Ban " + address +
						"\n"
				}
				p := newPlace(t)
				p.reader.Zone = zone
				now := time.Now().Add(offset)
				p.write(p.path, line(now.Add(-48*time.Hour), "198.51.100.1"))
				p.step()
				p.append(p.path, line(now, "203.0.113.7"))
				p.step()
				is := func(address string, want time.Time) {
					t.Helper()
					bans, err := p.store.BansOf(t.Context(), address, 2)
					if err != nil || len(bans) != 1 || bans[0].Time.Sub(want).Abs() > 2*time.Second {
						t.Fatalf("%+v, %v, want one at %v", bans, err, want)
					}
				}
				is("203.0.113.7", now)
				news, err := p.store.Undecided(t.Context(), 0, 10)
				if err != nil || len(news) != 1 || news[0].Address != "203.0.113.7" {
					t.Errorf("%+v, %v, want the one that was just appended", news, err)
				}
				observed, err := p.store.ObservedZone(t.Context(), "web1")
				if _, off := now.In(zone).Zone(); err != nil || (observed == nil) != (off == 0) || observed != nil &&
					observed.Offset != 0 {
					t.Errorf("observed %+v, %v", observed, err)
				}
				// It is remembered, and forgotten once the configuration is right.
				p.restart()
				p.reader.Zone = zone
				p.append(p.path, line(now.Add(time.Second), "203.0.113.8"))
				p.step()
				is("203.0.113.8", now)
				p.restart()
				p.step()
				p.append(p.path, line(now.Add(time.Second), "203.0.113.9"))
				p.step()
				is("203.0.113.9", now)
				if observed, err := p.store.ObservedZone(t.Context(), "web1"); err != nil || observed != nil {
					t.Errorf("observed %+v, %v, want none", observed, err)
				}
			})
		}
	}
}

// What was not just appended keeps the configured zone: a file that is read for the first time, one that was away for
// long, lines that are old for another reason.
func TestT03OldLinesAreNoReasonToShift(t *testing.T) {
	line := func(at time.Time, address string) string {
		return at.UTC().Format(time.DateTime) + ",001 fail2ban.actions [9]: NOTICE  [sshd] Ban " + address + "\n"
	}
	now := time.Now()
	p := newPlace(t)
	p.write(p.path, line(now.Add(-2*time.Hour), "198.51.100.1"))
	p.step() // the first time
	p.append(p.path, line(now.Add(-100*time.Minute), "198.51.100.2"))
	p.step() // a hundred minutes are no zone
	p.reader.seenAt = now.Add(-time.Hour)
	p.append(p.path, line(now.Add(-30*time.Minute), "198.51.100.3"))
	p.step() // it may have been appended half an hour ago
	p.must(os.Chtimes(p.path, now, now.Add(-3*time.Hour)))
	if observed, err := p.store.ObservedZone(context.Background(), "web1"); err != nil || observed != nil {
		t.Errorf("observed %+v, %v, want none", observed, err)
	}
	if s := p.status(); s.Bans != 3 {
		t.Errorf("%d bans, want 3", s.Bans)
	}
}
