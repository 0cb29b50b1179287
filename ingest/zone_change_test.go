package ingest

import (
	"fmt"
	"testing"
	"time"
)

// A changed time zone doubles nothing that was read, although all of it is read again: its lines are recognized by what
// they say.
func TestR33AChangedZoneDoublesNothing(t *testing.T) {
	t.Parallel()
	const n = 41
	base := time.Now().Add(-50 * time.Minute).UTC()
	// One address is banned again and again at whole hours, so that times of one zone are those of another.
	local := func(i int) string {
		at := base
		address := ip(i)
		if i%4 == 0 {
			at, address = base.Add(time.Duration(i-80)*time.Hour/4), ip(0)
		}
		return at.Format("2006-01-02,15:04:05,") + address + "\n"
	}
	given := func(i int) string { return base.Format("2006-01-02T15:04:05Z,") + ip(i) + "\n" }
	zones := []*time.Location{
		time.UTC, time.FixedZone("", 3600), time.FixedZone("", -2*3600), time.FixedZone("", 5*3600+1800), time.UTC,
	}
	for name, c := range map[string]struct {
		header string
		row    func(int) string
	}{"local": {seedHeader, local}, "with its zone": {"TIME,IP_ADDRESS\n", given}, "with an epoch": {richHeader, richRow}} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, c.header+rows(c.row, 0, n))
			p.step()
			news := len(p.bans())
			all := int64(n)
			for i, zone := range zones[1:] {
				p.restart()
				p.reader.Zone = zone
				p.append(p.path, c.row(n+i))
				p.step()
				all++
				// The file is rewritten, so that it is read again from its start.
				p.write(p.path, fmt.Sprintf("%s%s", c.header, "\n"+rows(c.row, 0, n+i+1)))
				p.step()
				if got := p.status().Bans; got != all {
					t.Fatalf("in zone %v: %d bans, want %d", zone, got, all)
				}
			}
			if got := len(p.bans()); got > news+len(zones) {
				t.Errorf("%d are news, of %d", got, news)
			}
		})
	}
}

// Neither does a zone that was found out to be wrong, and is then configured as the chat was told.
func TestR33AZoneCorrectionDoublesNothing(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	forms := map[string]func(at time.Time, address string) string{
		"csv": func(at time.Time, address string) string {
			return at.Format("2006-01-02,15:04:05,") + address + "\n"
		},
		"log": func(at time.Time, address string) string {
			return at.Format(time.DateTime) + ",001 fail2ban.actions [9]: NOTICE  [sshd] Ban " + address + "\n"
		},
	}
	for form, line := range forms {
		for _, wrong := range []string{"Asia/Kolkata", "America/New_York", "Asia/Tokyo"} {
			t.Run(form+", "+wrong, func(t *testing.T) {
				zone, err := time.LoadLocation(wrong)
				if err != nil {
					t.Fatal(err)
				}
				p := newPlace(t)
				p.reader.Zone = zone
				text := ""
				add := func(at time.Time, n int) {
					text += line(at, ip(n))
					p.append(p.path, line(at, ip(n)))
				}
				for n := range 20 {
					add(now.Add(time.Duration(n-48)*time.Minute), n)
				}
				p.step()
				for n := 20; n < 22; n++ {
					add(now.Add(time.Duration(n-20)*time.Second), n)
					p.step()
				}
				if z, err := p.store.ObservedZone(t.Context(), "web1"); err != nil || z == nil {
					t.Fatalf("the zone is not found to be wrong (%v)", err)
				}
				news := len(p.bans())
				again := func(when string) {
					t.Helper()
					text = "# read again " + when + "\n" + text
					p.write(p.path, text)
					p.step()
					if bans, got := p.status().Bans, len(p.bans()); bans != 22 || got != news {
						t.Errorf("%s: %d bans, %d news; want 22, %d", when, bans, got, news)
					}
				}
				again("while it is shifted")
				p.restart() // in UTC, as told
				p.step()
				again("when it is configured")
				again("once more")
			})
		}
	}
}
