package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ledger is the counts as they are kept.
func ledger(ctx context.Context, db querier) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT format('%d %d %d: %d %d %d %s %s', hour, source_id, jail_id, bans, friendly, endless, hex(addresses), hex(friends)) FROM jail_hours
		UNION ALL SELECT format('%d %s: %d %d %s', day, country, bans, friendly, hex(addresses)) FROM country_days`)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}

// model remembers every ban by itself.
type model struct {
	bans   []Ban
	friend Friends
	table  map[string]Country
	whois  map[string]Country
}

func (m *model) country(address string) Country {
	if c := m.whois[address]; c != "" {
		return c
	}
	return m.table[address]
}

func (m *model) count(by func(Ban) (string, bool)) map[string]Count {
	all, seen := map[string]Count{}, map[[2]string]bool{}
	for _, b := range m.bans {
		key, counts := by(b)
		if !counts {
			continue
		}
		c := all[key]
		c.Key = key
		c.Bans++
		if m.friend.Has(b.Address, m.table[b.Address], m.whois[b.Address]) {
			c.Friendly++
		}
		if !seen[[2]string{key, b.Address}] {
			seen[[2]string{key, b.Address}] = true
			c.Addresses++
		}
		all[key] = c
	}
	return all
}

func byKey(counts []Count) map[string]Count {
	all := map[string]Count{}
	for _, c := range counts {
		all[c.Key] = c
	}
	return all
}

// However bans come, addresses move and friends change, the counts are those of a recount, and every report is what
// one finds who looks at each ban.
func TestCountsAreThoseOfARecount(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	s := openBans(t)
	countries := []Country{"BE", "NL", "CN", ""}
	m := model{table: map[string]Country{}, whois: map[string]Country{}}
	address := func() string { return fmt.Sprintf("203.0.%d.%d", dice.IntN(3), dice.IntN(12)) }
	start, generation := noon.Add(-240*time.Hour), int64(0)
	place := func(text string) (Located, error) { return Located{Public: true, Country: m.table[text]}, nil }
	for a := range 3 {
		for b := range 12 {
			m.table[fmt.Sprintf("203.0.%d.%d", a, b)] = countries[dice.IntN(len(countries))]
		}
	}
	seen := map[string]bool{}
	for range 150 {
		switch dice.IntN(6) {
		case 0, 1, 2:
			var bans []Ban
			for range 1 + dice.IntN(2*rowsAtOnce/100) {
				b := Ban{
					Time: start.Add(time.Duration(dice.IntN(240*3600)) * time.Second), HasEpoch: dice.IntN(4) > 0,
					Address: address(), BanTime: int64(dice.IntN(2)), Jail: []string{"sshd", "web", ""}[dice.IntN(3)],
				}
				bans = append(bans, b)
				if dice.IntN(5) == 0 {
					bans = append(bans, b) // once with an epoch, twice without
				}
			}
			source := fmt.Sprint("web", 1+dice.IntN(2))
			batch := Batch{Source: source, Cursor: Cursor{Generation: generation}, Bans: slices.Clone(bans), ReadAt: noon, NewsSince: noon.Add(-100 * time.Hour)}
			if dice.IntN(2) == 0 {
				batch.Place = place
			}
			if _, err := s.AddBans(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			for _, b := range bans {
				b.Source = source
				identity := fmt.Sprint(b)
				if !b.HasEpoch || !seen[identity] {
					m.bans = append(m.bans, b)
				}
				seen[identity] = true
			}
		case 3:
			for text := range m.table {
				if dice.IntN(10) == 0 {
					m.table[text] = countries[dice.IntN(len(countries))]
				}
			}
			if err := s.UseTable(t.Context(), fmt.Sprint("table ", dice.Uint64())); err != nil {
				t.Fatal(err)
			}
		case 4:
			network := netip.MustParsePrefix(fmt.Sprintf("203.0.%d.%d/30", dice.IntN(3), 4*dice.IntN(3)))
			c := countries[dice.IntN(len(countries))]
			q := Question{Addr: network.Addr()}
			for range 4 {
				k, err := s.Known(t.Context(), q.Addr.String())
				if err != nil {
					t.Fatal(err)
				}
				if q.ID = k.ID; q.ID != 0 {
					m.whois[q.Addr.String()] = c
					if err := s.Answer(t.Context(), q, []Network{{Prefix: network, Country: c, AnsweredAt: noon}}); err != nil {
						t.Fatal(err)
					}
				}
				q.Addr = q.Addr.Next()
			}
		case 5:
			m.friend = Friends{Countries: countries[:dice.IntN(3)]}
			if dice.IntN(2) == 0 {
				m.friend.Networks = []netip.Prefix{netip.MustParsePrefix("203.0.1.0/29")}
			}
			if err := s.SetFriends(t.Context(), m.friend); err != nil {
				t.Fatal(err)
			}
		}
		fresh, err := s.Unlocated(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range fresh {
			fresh[i].Text = a.Text
		}
		located := make([]Located, len(fresh))
		for i, a := range fresh {
			located[i] = Located{ID: a.ID, Public: true, Country: m.table[a.Text]}
		}
		if err := s.Locate(t.Context(), located); err != nil {
			t.Fatal(err)
		}
	}
	recounted(t, s)
	for range 30 {
		m.compare(t, s, dice, start)
	}
}

// recounted compares the counts with those of all bans.
func recounted(t *testing.T, s *Store) {
	t.Helper()
	got, err := ledger(t.Context(), s.r)
	if err != nil {
		t.Fatal(err)
	}
	err = s.write(t.Context(), func(tx *sql.Tx) error {
		err := countAll(t.Context(), tx)
		if err != nil {
			return err
		}
		want, err := ledger(t.Context(), tx)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts differ from a recount (-recount +kept):\n%s", diff)
		}
		if len(want) == 0 {
			t.Error("nothing was counted")
		}
		return errors.Join(err, context.Canceled)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// compare asks for every report of some window.
func (m *model) compare(t *testing.T, s *Store, dice *rand.Rand, start time.Time) {
	t.Helper()
	w := Window{From: start.Add(time.Duration(dice.IntN(200*3600)) * time.Second)}
	w.To = w.From.Add(time.Duration(1+dice.IntN(100*3600)) * time.Second)
	switch dice.IntN(4) {
	case 0:
		w = Window{}
	case 1:
		w.To = w.From.Add(time.Duration(1+dice.IntN(4000)) * time.Second)
	}
	in := func(b Ban) bool { return b.Time.Unix() >= w.from() && b.Time.Unix() < w.to() }
	reports := map[string]struct {
		ask func(context.Context, Window) (Counts, error)
		key func(Ban) string
	}{
		"country": {s.ByCountry, func(b Ban) string { return string(m.country(b.Address)) }},
		"jail":    {s.ByJail, func(b Ban) string { return b.Jail }},
		"source":  {s.BySource, func(b Ban) string { return b.Source }},
	}
	for name, r := range reports {
		got, err := r.ask(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		want := m.count(func(b Ban) (string, bool) { return r.key(b), in(b) })
		if diff := cmp.Diff(want, byKey(got.Rows)); diff != "" {
			t.Errorf("%s from %v to %v (-want +got):\n%s", name, w.From, w.To, diff)
		}
		total := m.count(func(b Ban) (string, bool) { return "", in(b) })[""]
		if got.Total != total {
			t.Errorf("%s from %v to %v: total %+v, want %+v", name, w.From, w.To, got.Total, total)
		}
	}
	if w.To.IsZero() {
		return
	}
	var bins []Bin
	step := time.Duration(1+dice.IntN(30)) * 15 * time.Minute
	for from := w.From; from.Before(w.To) && len(bins) < 500; from = from.Add(step) {
		bins = append(bins, Bin{Key: fmt.Sprint(len(bins) % 7), Window: Window{From: from, To: from.Add(step)}})
	}
	key := func(b Ban) (string, bool) {
		since := b.Time.Sub(w.From)
		i := int(since / step)
		return fmt.Sprint(i % 7), since >= 0 && i < len(bins)
	}
	got, err := s.ByBin(t.Context(), bins)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.count(key), byKey(got.Rows)); diff != "" {
		t.Errorf("bins of %v from %v (-want +got):\n%s", step, w.From, diff)
	}
	cells, err := s.JailsByBin(t.Context(), bins)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for _, c := range cells {
		sums[c.Bin+" "+c.Jail] += c.Bans
	}
	want := map[string]int64{}
	for k, c := range m.count(func(b Ban) (string, bool) { k, counts := key(b); return k + " " + b.Jail, counts }) {
		want[k] = c.Bans
	}
	if !maps.Equal(sums, want) {
		t.Errorf("jails in bins of %v from %v: %v, want %v", step, w.From, sums, want)
	}
}
