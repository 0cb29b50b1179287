package bot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// jailYears simulates one jail's days.
type jailYears struct {
	*rand.Rand
	perDay int     // bans on an average day
	share  float64 // of friends among them
}

// day returns how many addresses a day's bans hit, and which of these, from 1 on, were friends. Days differ by a third
// or so.
func (j jailYears) day(share float64) (bans int64, friends []int64) {
	bans = int64(float64(j.perDay) * math.Exp(0.3*j.NormFloat64()))
	for at := int64(0); ; {
		at += 1 + int64(math.Log(1-j.Float64())/math.Log1p(-share)) // the distance to the next friend
		if at > bans {
			return bans, friends
		}
		friends = append(friends, at)
	}
}

// noted are the whole days of a jail so far.
type noted []store.Share

func (n noted) sum(from, to int) (s store.Share) {
	for _, day := range n[max(from, 0):max(to, 0)] {
		s.Bans, s.Friendly = s.Bans+day.Bans, s.Friendly+day.Friendly
	}
	s.Friends = s.Friendly
	return s
}

// look goes through the next day as the bot does, looks at each friendly ban, and reports whether it found a rise.
func (n *noted) look(bans int64, friends []int64) (found bool) {
	today := len(*n)
	began := time.Unix(0, 0)
	past, two := n.sum(today-2-pastDays, today-2), n.sum(today-2, today)
	past.Since = began.AddDate(0, 0, max(today-2-pastDays, 0))
	for i, at := range friends {
		one := store.Share{Bans: at, Friendly: int64(i + 1), Friends: int64(i + 1)}
		three := store.Share{
			Bans: two.Bans + at, Friendly: two.Friendly + one.Friendly,
			Friends: two.Friends + one.Friends,
		}
		until := began.AddDate(0, 0, today-2)
		if hasRisen(one, past, until) || hasRisen(three, past, until) {
			found = true
			break
		}
	}
	*n = append(*n, store.Share{Bans: bans, Friendly: int64(len(friends)), Friends: int64(len(friends))})
	return found
}

func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestRiseIsAFalseAlarmAtMostOnceAYear(t *testing.T) {
	random := seeded(t)
	for _, perDay := range []int{20, 200, 1000} {
		for _, share := range []float64{0.0005, 0.005, 0.02, 0.1} {
			const years = 30
			alarms := 0
			for range years {
				jail := jailYears{random, perDay, share}
				var n noted
				for len(n) < 30+2+365 { // from the first day on which there can be a judgement, for a year
					if n.look(jail.day(share)) {
						alarms++
					}
				}
			}
			t.Logf("%5d bans a day, %5.2f%% friends: %.2f days with a false alarm a year", perDay, 100*share,
				float64(alarms)/years)
			if alarms > years {
				t.Errorf("%d bans a day, %.2f%% friends: %d false alarms in %d years", perDay, 100*share, alarms, years)
			}
		}
	}
}

func TestRiseToThreefoldIsFoundWithinThreeDays(t *testing.T) {
	random := seeded(t)
	tests := []struct {
		perDay, past int // bans, days
		share        float64
		least        int // percent of runs; 0: too few friends to tell
	}{
		{perDay: 1000, past: 365, share: 0.02, least: 90},
		{perDay: 1000, past: 60, share: 0.005, least: 90},
		{perDay: 200, past: 365, share: 0.02, least: 90},
		{perDay: 200, past: 60, share: 0.05, least: 90},
		{perDay: 40, past: 365, share: 0.1, least: 90},
		{perDay: 600, past: 365, share: 0.005},
		{perDay: 200, past: 365, share: 0.01},
		{perDay: 212, past: 365, share: 0.005},
		{perDay: 20, past: 365, share: 0.02},
	}
	for _, tc := range tests {
		const runs = 500
		found := 0
		for range runs {
			jail := jailYears{random, tc.perDay, tc.share}
			var n noted
			for range tc.past + 2 {
				bans, friends := jail.day(tc.share)
				n = append(n, store.Share{Bans: bans, Friendly: int64(len(friends)), Friends: int64(len(friends))})
			}
			for range 3 {
				if n.look(jail.day(3 * tc.share)) {
					found++
					break
				}
			}
		}
		percent := 100 * found / runs
		t.Logf("%5d bans a day, %5.2f%% friends (%.1f a day), %d days of past: %d%% found", tc.perDay, 100*tc.share,
			float64(tc.perDay)*tc.share, tc.past, percent)
		if percent < tc.least {
			t.Errorf("%d bans a day, %.2f%% friends: %d%% found, want %d%%", tc.perDay, 100*tc.share, percent, tc.least)
		}
	}
}

func TestAtLeastIsTheTailOfTheBetaBinomial(t *testing.T) {
	tests := map[string]struct {
		k, n int64
		a, b float64
		want float64
	}{
		"nothing is certain":             {0, 10, 0.5, 0.5, 1},
		"nothing of nothing":             {0, 0, 0.5, 0.5, 1},
		"uniform prior, uniform numbers": {8, 9, 1, 1, 0.2},
		"more than there are":            {3, 2, 1, 1, 0},
		"two of two":                     {2, 2, 0.5, 0.5, 0.375},
		"hopeless among many":            {500_000_000, 1_000_000_000, 1, 1e9, 0},
		"long past is binomial":          {2, 2, 1e9, 9e9, 0.01},
		"at the mean of many":            {1000, 1_000_000, 1e6, 999e6, 0.504},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := atLeast(tc.k, tc.n, tc.a, tc.b); math.Abs(got-tc.want) > 0.001 || math.IsNaN(got) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestRiseIsTwofoldAndNoChance(t *testing.T) {
	type share = store.Share
	usual := share{Bans: 40_000, Friendly: 200, Since: noon.AddDate(-1, 0, 0)}
	never := share{Bans: 40_000, Since: usual.Since}
	since := func(days int) share { return share{Bans: 40_000, Friendly: 200, Since: noon.AddDate(0, 0, -days)} }
	tests := map[string]struct {
		now, past share
		want      bool
	}{
		"four instead of one":  {share{Bans: 40, Friendly: 4, Friends: 4}, usual, true},
		"one friend, often":    {share{Bans: 40, Friendly: 9, Friends: 1}, usual, false},
		"only two":             {share{Bans: 2, Friendly: 2, Friends: 2}, never, false},
		"the usual":            {share{Bans: 200, Friendly: 3, Friends: 3}, usual, false},
		"sure, yet not double": {share{Bans: 100_000, Friendly: 900, Friends: 900}, usual, false},
		"29 days of past":      {share{Bans: 40, Friendly: 9, Friends: 9}, since(29), false},
		"30 days of past":      {share{Bans: 40, Friendly: 9, Friends: 9}, since(30), true},
		"hardly any past":      {share{Bans: 3, Friendly: 3, Friends: 3}, share{Bans: 5, Since: usual.Since}, false},
		"no past":              {share{Bans: 40, Friendly: 9, Friends: 9}, share{}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := hasRisen(tc.now, tc.past, noon); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// risenDesk has 40 days of past, each with 1 friend of 20 bans in each of two jails, and today 9 of 29 in sshd.
func risenDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.announcer.Patience = 0
	time.Sleep(50*24*time.Hour + 12*time.Hour)
	var bans []store.Ban
	add := func(back int, n int, jail, address string) {
		for i := range n {
			bans = append(bans, store.Ban{
				Time: time.Now().AddDate(0, 0, -back).Add(-time.Duration(i) * time.Second), HasEpoch: true,
				Jail: jail, BanTime: 3600,
				Address: fmt.Sprintf(address, back, i),
			})
		}
	}
	for back := 1; back <= 40; back++ {
		add(back, 19, "sshd", "10.0.%d.%d")
		add(back, 19, "postfix", "10.1.%d.%d")
		add(back, 1, "sshd", "11.0.%d.%d")
		add(back, 1, "postfix", "11.1.%d.%d")
	}
	add(0, 20, "sshd", "10.0.%d.%d")
	add(0, 20, "postfix", "10.1.%d.%d")
	add(0, 9, "sshd", "11.0.%d.%d")
	add(0, 1, "postfix", "11.1.%d.%d")
	_, err := d.store.AddBans(t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: 1, Size: 1, Line: 1}, Bans: bans, Lines: len(bans),
		ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := d.store.Unlocated(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var located []store.Located
	for _, a := range fresh {
		country := store.Country("CN")
		if strings.HasPrefix(a.Text, "11.") {
			country = "BE"
		}
		located = append(located, store.Located{ID: a.ID, Public: true, Country: country})
	}
	if err := d.store.Locate(t.Context(), located); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAlertOfAJailThatIsStricterThanUsualSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := risenDesk(t)
		d.step()
		all := strings.Join(d.sender.texts(), "\n")
		const line = "\nsshd: 9 of 29 bans today hit friends, usually 1 of 20\n"
		if n := strings.Count(all, line); n != 1 || strings.Contains(all, "postfix: ") ||
			!strings.Contains(all, "sshd on web1 banned 9 friends") || !strings.Contains(all, "postfix on web1 banned 11.") {
			t.Errorf("%d alerts with %q, want that of the nine by sshd:\n%s", n, line, all)
		}
	})
}

func TestDigestNamesJailsThatAreStricterThanUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := risenDesk(t)
		tests := map[string]struct {
			days int // later than today
			want string
		}{
			"yesterday was strict": {1, ": 10 of 50 bans hit friends\nUsually 2 of 40\n" +
				"🇧🇪 11.1.0.0, postfix on web1, 13:00\n🇧🇪 11.0.0.0/24 9 addresses, sshd on web1, 12:59–13:00\n" +
				"Countries: China 40, Belgium 10\nMost by sshd, 29, usually 20\n" +
				"Stricter than usual: sshd, 9 of 29 bans hit friends, 31.0%, usually 1 of 20 (5.0%)\nweb1"},
			"yesterday was usual": {0, "\nMost by postfix and sshd, 20 each\nweb1"},
		}
		for name, tc := range tests {
			bodies, err := d.digester.Compose(t.Context(), time.Now().AddDate(0, 0, tc.days))
			if err != nil {
				t.Fatal(err)
			}
			if got := bodies[0].Text.String(); !strings.Contains(got, tc.want) {
				t.Errorf("%s: got %q, want %q", name, got, tc.want)
			}
		}
	})
}
