package bot

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// lasting is a ban in the jail, for so many seconds.
func lasting(jail string, seconds int64) func(*store.Ban) {
	return func(b *store.Ban) { b.Jail, b.BanTime = jail, seconds }
}

func TestBannedIsWhoIsBannedAtEachMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		time.Sleep(50*24*time.Hour + 30*time.Minute)
		d.ban("198.51.100.1", "CN", lasting("sshd", -1), ago(40*24*time.Hour)) // for ever, since long before the period
		d.ban("198.51.100.2", "BE", lasting("sshd", 2*3600), ago(5*time.Hour)) // over
		d.ban("198.51.100.3", "BE", lasting("sshd", 10*3600), ago(4*time.Hour))
		d.ban("198.51.100.3", "BE", lasting("sshd", 10*3600), ago(2*time.Hour))     // again: one address
		d.ban("198.51.100.3", "BE", lasting("recidive", 10*3600), ago(2*time.Hour)) // and by another jail
		d.ban("198.51.100.4", "CN", lasting("sshd", 60), ago(10*time.Minute))       // short, and seen
		d.ban("198.51.100.5", "CN", lasting("sshd", 1<<62), ago(time.Hour))
		d.ban("198.51.100.6", "CN", lasting("sshd", 0), ago(time.Hour)) // who knows
		d.ban("198.51.100.7", "CN", lasting("sshd", 3600), ago(100*24*time.Hour))

		r := d.commands.Reporter
		rep, err := r.Report(t.Context(), "banned", "24h", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := []Row{
			{Key: "sshd", Name: "sshd", Bans: 4, Addresses: 3, Friendly: 2},
			{Key: "recidive", Name: "recidive", Bans: 1, Addresses: 1, Friendly: 1},
		}
		if !slices.Equal(rep.Rows, want) || rep.Total != 5 || rep.Friendly != 3 || rep.Addresses != 3 {
			t.Errorf("%d bans of %d addresses, %d friendly: %+v, want %+v", rep.Total, rep.Addresses, rep.Friendly,
				rep.Rows, want)
		}
		for jail, want := range map[string][]float64{"sshd": {1, 2, 3, 3, 2, 3, 4}, "recidive": {0, 0, 0, 0, 1, 1, 1}} {
			got := detail[*activeBans](rep).jails[jail].most
			if got = got[max(len(got)-7, 0):]; !slices.Equal(got, want) {
				t.Errorf("%s: %v in the last hours, want %v", jail, got, want)
			}
		}
		caption := "3 addresses banned now\n24 hours to Sun 20 Feb 01:30 CET\nBy jail: sshd 3, recidive 1\n" +
			"Not shown: 1 ban without a ban time\nFriendly (Belgium): 3 bans, 60.0%"
		if got := r.Caption(rep).String(); got != caption {
			t.Errorf("got %q, want %q", got, caption)
		}
		const subtitle = "the peak of each hour · not shown: 1 ban without a ban time"
		if got := r.Picture(rep).Text(120); !strings.Contains(got, subtitle) {
			t.Errorf("%q does not say what is not shown", got)
		}
	})
}

func TestBannedIsDrawnAfterTheLastBanIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.1", "CN", lasting("sshd", 6*3600))
		time.Sleep(48 * time.Hour)
		for _, since := range []string{"7d", "all"} {
			m := d.commands.Answer(t.Context(), msg.Request{Text: "/report banned " + since})
			if got := m.Text.String(); !strings.HasPrefix(got, "Nobody is banned now\n") || m.Photo == nil ||
				!strings.Contains(got, "3 Jan") {
				t.Errorf("%s: %q with %d bytes of picture", since, got, len(m.Photo))
			}
		}
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report banned 24h"})
		if got := m.Text.String(); !strings.HasPrefix(got, "Nobody is banned now\n") || m.Photo != nil {
			t.Errorf("24h: %q with %d bytes of picture", got, len(m.Photo))
		}
	})
}

func TestBannedIsUnknownWhereNoSourceSaysWhenBansEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.1", "CN", lasting("sshd", 0))
		d.ban("198.51.100.2", "CN", lasting("sshd", 0))
		time.Sleep(time.Hour)
		r := d.commands.Reporter
		rep, err := r.Report(t.Context(), "banned", "24h", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		const caption = "Who is banned now is unknown\n24 hours to Sat 1 Jan 02:00 CET\n" +
			"Not shown: 2 bans without a ban time"
		if got := r.Caption(rep).String(); got != caption {
			t.Errorf("got %q, want %q", got, caption)
		}
		if got := r.Picture(rep).Text(120); !strings.Contains(got, "Unknown: the source does not say when bans end") {
			t.Errorf("%q does not say that it is unknown", got)
		}
	})
}

func TestBannedHasFewBinsForManyYears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.1", "CN", lasting("sshd", -1))
		time.Sleep(20 * 365 * 24 * time.Hour)
		rep, err := d.commands.Reporter.Report(t.Context(), "banned", "all", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		a := detail[*activeBans](rep)
		for i := 1; i < len(a.bins); i++ {
			if !a.bins[i].From.Equal(a.bins[i-1].To) {
				t.Fatalf("bin %d begins at %v, the one before ends at %v", i, a.bins[i].From, a.bins[i-1].To)
			}
		}
		if n := len(a.bins); n > mostBins || n < mostBins/2 || a.unit != "6 weeks" ||
			!a.bins[n-1].To.Equal(rep.Window.To) {
			t.Errorf("%d moments, %s each, up to %v", n, a.unit, a.bins[n-1].To)
		}
		if values := a.jails["sshd"].most; slices.Min(values) != 1 || slices.Max(values) != 1 {
			t.Errorf("%v, want one all the time", values)
		}
	})
}
