package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rollupRows returns the rows of the rollups as text, from a moment on.
func rollupRows(ctx context.Context, db querier, from int64) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT format('%d %d %d: %d %d %d %s %s',
			hour, source_id, jail_id, bans, friendly, endless, hex(addresses), hex(friends))
		FROM jail_hours WHERE hour >= ?1
		UNION ALL SELECT format('%d %s: %d %d %s', day, country, bans, friendly, hex(addresses))
		FROM country_days WHERE day >= ?1
		UNION ALL SELECT format('%d systems: %s', day, hex(systems)) FROM system_days WHERE day >= ?1`, from)
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}

// modelBan is a ban in the model. A ban from a purged day is frozen: how it counts changes no more. It is gone if its
// row was purged.
type modelBan struct {
	Ban
	life         int // of the address: one that returns after a purge counts as another
	frozen, gone bool
	open         bool // a later line may end it
	country      Country
	asn          ASN
	friendly     bool
}

// model keeps every ban separately.
type model struct {
	bans   []modelBan
	gone   int64 // days before it may have only counts
	friend Friends
	table  map[string]Country
	asns   map[string]ASN
	whois  map[string]Country
	life   map[string]int
	told   bool // the log has said of some ban when it ends
	log    Batch
}

// inForce reports whether it is known that the ban is in force at a moment.
func (m *model) inForce(b modelBan, at time.Time) bool {
	switch {
	case at.Before(b.Time):
		return false
	case b.BanTime == 0:
		return b.open && m.told
	}
	return b.BanTime < 0 || at.Before(b.Time.Add(time.Duration(b.BanTime)*time.Second))
}

func (m *model) country(b modelBan) Country {
	if b.frozen {
		return b.country
	}
	if c := m.whois[b.Address]; c != "" {
		return c
	}
	return m.table[b.Address]
}

func (m *model) friendly(b modelBan) bool {
	if b.frozen {
		return b.friendly
	}
	return m.friend.Has(b.Address, m.table[b.Address], m.whois[b.Address]) || m.friend.HasASN(m.asns[b.Address])
}

func (m *model) asn(b modelBan) ASN {
	if b.frozen {
		return b.asn
	}
	return m.asns[b.Address]
}

// freeze returns a ban that will always count as it does now.
func (m *model) freeze(b modelBan) modelBan {
	b.country, b.friendly, b.asn, b.frozen = m.country(b), m.friendly(b), m.asn(b), true
	return b
}

// timeOf returns the time at which a ban is counted: before gone, that of the row of its rollup.
func (m *model) timeOf(b modelBan, unit int64) int64 {
	if at := b.Time.Unix(); at >= m.gone {
		return at
	}
	return floor(b.Time.Unix(), unit)
}

// purge removes what is before the day.
func (m *model) purge(day int64) {
	m.gone = max(m.gone, day)
	alive := map[string]bool{}
	for i, b := range m.bans {
		switch {
		case b.gone:
		case b.Time.Unix() < day:
			m.bans[i] = m.freeze(b)
			m.bans[i].gone, m.bans[i].open = true, b.open && m.told
		default:
			alive[b.Address] = true
		}
	}
	for text := range m.table {
		if !alive[text] {
			delete(m.whois, text)
			m.life[text]++
		}
	}
}

func (m *model) count(by func(modelBan) (string, bool)) map[string]Count {
	all, seen := map[string]Count{}, map[string]bool{}
	for _, b := range m.bans {
		key, counts := by(b)
		if !counts {
			continue
		}
		c := all[key]
		c.Key = key
		c.Bans++
		if m.friendly(b) {
			c.Friendly++
		}
		if who := fmt.Sprint(key, "/", b.Address, "/", b.life); !seen[who] {
			seen[who] = true
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

// However bans arrive, addresses are reclassified, friends change and packs are made, the rollups equal a recount, and
// every report equals one made from the single bans.
func TestCountsAreThoseOfARecount(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	s := openBans(t)
	countries := []Country{"BE", "NL", "CN", ""}
	m := model{table: map[string]Country{}, asns: map[string]ASN{}, whois: map[string]Country{}, life: map[string]int{}, gone: math.MinInt64}
	address := func() string { return fmt.Sprintf("203.0.%d.%d", dice.IntN(3), dice.IntN(12)) }
	const length = 40 * 24 * 3600 // in seconds: some packs
	start, generation := noon.Add(-length*time.Second), int64(0)
	lengths := []int64{0, 1, 3600, shortBanSeconds, shortBanSeconds + 1, 7 * daySeconds, -1}
	located := func(text string) Located { return Located{Public: true, Country: m.table[text], ASN: m.asns[text]} }
	place := func(text string) (Located, error) { return located(text), nil }
	network := func() ASN { return ASN(dice.IntN(3) * 2_000_000_000) }
	for a := range 3 {
		for b := range 12 {
			m.table[fmt.Sprintf("203.0.%d.%d", a, b)] = countries[dice.IntN(len(countries))]
			m.asns[fmt.Sprintf("203.0.%d.%d", a, b)] = network()
		}
	}
	seen := map[string]bool{}
	m.log = Batch{Source: "log", Open: true, ReadAt: noon, NewsSince: noon, Place: place, Cursor: Cursor{LastTime: start}}
	for range 200 {
		switch dice.IntN(9) {
		case 0, 1, 2:
			var bans []Ban
			for range 1 + dice.IntN(2*rowsAtOnce/100) {
				b := Ban{
					Time: start.Add(time.Duration(dice.IntN(length)) * time.Second), HasEpoch: dice.IntN(4) > 0,
					Address: address(), BanTime: lengths[dice.IntN(len(lengths))],
					Jail: []string{"sshd", "web", ""}[dice.IntN(3)],
				}
				bans = append(bans, b)
				if dice.IntN(5) == 0 {
					bans = append(bans, b) // counts once with an epoch, twice without
				}
			}
			source := fmt.Sprint("web", 1+dice.IntN(2))
			batch := Batch{
				Source: source, Cursor: Cursor{Generation: generation}, Bans: slices.Clone(bans),
				ReadAt: noon, NewsSince: noon.Add(-100 * time.Hour),
			}
			if dice.IntN(2) == 0 || slices.ContainsFunc(bans, func(b Ban) bool { return b.Time.Unix() < m.gone }) {
				batch.Place = place
			}
			if _, err := s.AddBans(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			for _, b := range bans {
				b.Source = source
				identity := fmt.Sprint(b)
				if !b.HasEpoch || !seen[identity] {
					r := modelBan{Ban: b, life: m.life[b.Address]}
					if b.Time.Unix() < m.gone {
						r = m.freeze(r)
					}
					m.bans = append(m.bans, r)
				}
				seen[identity] = true
			}
		case 3:
			for text := range m.table {
				if dice.IntN(10) == 0 {
					m.table[text] = countries[dice.IntN(len(countries))]
				}
				if dice.IntN(10) == 0 {
					m.asns[text] = network()
				}
			}
			if err := s.UseTable(t.Context(), fmt.Sprint("table ", dice.Uint64())); err != nil {
				t.Fatal(err)
			}
		case 4:
			network := netip.MustParsePrefix(fmt.Sprintf("203.0.%d.%d/30", dice.IntN(3), 4*dice.IntN(3)))
			c := countries[dice.IntN(len(countries))]
			q := WhoisQuery{Addr: network.Addr()}
			for range 4 {
				k, err := s.Known(t.Context(), q.Addr.String())
				if err != nil {
					t.Fatal(err)
				}
				if q.ID = k.ID; q.ID != 0 {
					m.whois[q.Addr.String()] = c
					answer := []Network{{Prefix: network, Country: c, AnsweredAt: noon}}
					if err := s.Answer(t.Context(), q, answer); err != nil {
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
			if dice.IntN(2) == 0 {
				m.friend.Systems = []ASN{network()}
			}
			if err := s.SetFriends(t.Context(), m.friend); err != nil {
				t.Fatal(err)
			}
		case 6:
			if dice.IntN(4) > 0 {
				continue
			}
			before := start.Add(time.Duration(dice.IntN(length/2)) * time.Second)
			gone, err := s.Purge(t.Context(), before)
			if err != nil {
				t.Fatal(err)
			}
			m.purge(gone.Before.Unix())
			seen = map[string]bool{}
			for _, b := range m.bans {
				if !b.gone {
					seen[fmt.Sprint(b.Ban)] = true
				}
			}
		case 7, 8:
			if err := s.Pack(t.Context(), start.Add(time.Duration(dice.IntN(2*length))*time.Second)); err != nil {
				t.Fatal(err)
			}
			m.checkReports(t, s, dice, start, length)
		}
		if roll := dice.IntN(4); roll == 0 {
			m.readLog(t, s, dice, start.Add(length*time.Second))
		} else if roll == 1 {
			m.readLogAgain(t, s, dice)
		}
		fresh, err := s.Unlocated(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		all := make([]Located, len(fresh))
		for i, a := range fresh {
			all[i] = located(a.Text)
			all[i].ID = a.ID
		}
		if err := s.Locate(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		checkPacks(t, s)
	}
	checkRecount(t, s, m.gone)
	for range 30 {
		m.checkReports(t, s, dice, start, length)
	}
}

// checkPacks compares the packs with their rows, and returns how many there are.
func checkPacks(t *testing.T, s *Store) (n int) {
	t.Helper()
	for _, c := range allRollups() {
		for unit, seconds := range map[int64]int64{c.packUnit: packSeconds, c.shortUnit: c.short} {
			rows, err := s.r.QueryContext(t.Context(), fmt.Sprintf(`
				SELECT format('from %%d: %%s, want %%s', start, hex(rows), hex(want)) FROM (
					SELECT start, rows, (SELECT %s FROM %s AND %s >= start AND %[3]s < start + ?) AS want
					FROM packs WHERE unit = ? AND length(rows) > 0)
				WHERE rows IS NOT want`, c.packExpr, c.table, c.timeColumn), seconds, unit)
			if err != nil {
				t.Fatal(err)
			}
			wrong, err := collect(rows, single[string])
			if err != nil || len(wrong) > 0 {
				t.Fatalf("packs of %d s of %s: %q, %v", seconds, c.packExpr, wrong, err)
			}
		}
	}
	err := s.r.QueryRowContext(t.Context(), "SELECT count(*) FROM packs WHERE length(rows) > 0").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkRecount compares the rollups with a recount of all bans, from a moment on.
func checkRecount(t *testing.T, s *Store, from int64) {
	t.Helper()
	got, err := rollupRows(t.Context(), s.r, from)
	if err != nil {
		t.Fatal(err)
	}
	err = s.write(t.Context(), func(tx *sql.Tx) error {
		err := errors.Join(countAll(t.Context(), tx, endlessNow), countSystems(t.Context(), tx))
		if err != nil {
			return err
		}
		want, err := rollupRows(t.Context(), tx, from)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts differ from a recount (-recount +kept):\n%s", diff)
		}
		if len(want) == 0 {
			t.Error("nothing was remembered")
		}
		return errors.Join(err, context.Canceled)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// countSystems rebuilds system_days from all bans.
func countSystems(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM system_days"); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT a.id, time, friendly, asn FROM bans JOIN addresses a ON a.id = address_id")
	if err != nil {
		return err
	}
	tally := newTally()
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var k banKey
		var c class
		err = rows.Scan(&k.address, &k.time, &c.friendly, &c.asn)
		tally.add(k, c, 1, 0)
		return none, err
	})
	return errors.Join(err, writeSystems(ctx, tx, tally.systemsAdded, nil))
}

// checkActive compares the bans in force at some moments.
func (m *model) checkActive(t *testing.T, s *Store, dice *rand.Rand, start time.Time, length int) {
	t.Helper()
	var moments []time.Time
	for range 1 + dice.IntN(5) {
		moments = append(moments, start.Add(time.Duration(dice.IntN(length))*time.Second))
	}
	slices.SortFunc(moments, time.Time.Compare)
	var want, got []string
	for _, b := range m.bans {
		held := slices.ContainsFunc(moments, func(at time.Time) bool { return m.inForce(b, at) })
		if held && !b.gone {
			b.frozen = false // until it is purged, its row counts as is known now
			want = append(want, fmt.Sprintf("%011d %q %v", b.Time.Unix(), b.Jail, m.friendly(b)))
		}
	}
	var last int64
	err := s.ActiveBans(t.Context(), moments, func(h ActiveBan) {
		if h.From.Unix() < last {
			t.Error("bans that do not come in order of time")
		}
		last = h.From.Unix()
		got = append(got, fmt.Sprintf("%011d %q %v", last, h.Jail, h.Friendly))
	})
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("banned at %v, %v (-want +got):\n%s", moments, err, diff)
	}
}

// withoutAddresses returns the counts without those of addresses.
func withoutAddresses(c Counts) Counts {
	c.Total.Addresses, c.Rows = 0, slices.Clone(c.Rows)
	for i := range c.Rows {
		c.Rows[i].Addresses = 0
	}
	return c
}

// checkReports compares every report of some window.
func (m *model) checkReports(t *testing.T, s *Store, dice *rand.Rand, start time.Time, length int) {
	t.Helper()
	m.checkActive(t, s, dice, start, length)
	w := Window{From: start.Add(time.Duration(dice.IntN(length)) * time.Second)}
	w.To = w.From.Add(time.Duration(1+dice.IntN(length/2)) * time.Second)
	switch dice.IntN(4) {
	case 0:
		w = Window{}
	case 1:
		w.To = w.From.Add(time.Duration(1+dice.IntN(4000)) * time.Second)
	}
	in := func(b modelBan, unit int64) bool { at := m.timeOf(b, unit); return at >= w.from() && at < w.to() }
	reports := map[string]struct {
		ask  func(context.Context, Window, bool) (Counts, error)
		unit int64
		key  func(modelBan) string
	}{
		"country": {s.ByCountry, daySeconds, func(b modelBan) string { return string(m.country(b)) }},
		"system":  {s.BySystem, daySeconds, func(b modelBan) string { return m.asn(b).String() }},
		"jail":    {s.ByJail, hourSeconds, func(b modelBan) string { return b.Jail }},
		"source":  {s.BySource, hourSeconds, func(b modelBan) string { return b.Source }},
	}
	for name, r := range reports {
		got, err := r.ask(t.Context(), w, true)
		if err != nil {
			t.Fatal(err)
		}
		if bare, err := r.ask(t.Context(), w, false); err != nil || !cmp.Equal(bare, withoutAddresses(got)) {
			t.Errorf("%s from %v to %v without addresses: %v, %v, want %v", name, w.From, w.To, bare, err,
				withoutAddresses(got))
		}
		want := m.count(func(b modelBan) (string, bool) { return r.key(b), in(b, r.unit) })
		if diff := cmp.Diff(want, byKey(got.Rows)); diff != "" {
			t.Errorf("%s from %v to %v (-want +got):\n%s", name, w.From, w.To, diff)
		}
		total := m.count(func(b modelBan) (string, bool) { return "", in(b, r.unit) })[""]
		if got.Total != total {
			t.Errorf("%s from %v to %v: total %+v, want %+v", name, w.From, w.To, got.Total, total)
		}
		if n, err := s.Addresses(t.Context(), w); r.unit == hourSeconds && n != total.Addresses || err != nil {
			t.Errorf("addresses from %v to %v: %d, %v, want %d", w.From, w.To, n, err, total.Addresses)
		}
	}
	endless := int64(0)
	for _, b := range m.bans {
		if b.BanTime == 0 && (!b.open || !m.told) && in(b, hourSeconds) {
			endless++
		}
	}
	if n, err := s.Endless(t.Context(), w); n != endless || err != nil {
		t.Errorf("endless from %v to %v: %d, %v, want %d", w.From, w.To, n, err, endless)
	}
	if w.To.IsZero() {
		return
	}
	var bins []Bin
	keys := []int{7, 500}[dice.IntN(2)]
	step := time.Duration(1+dice.IntN(30)) * 15 * time.Minute
	for from := w.From; from.Before(w.To) && len(bins) < 500; from = from.Add(step) {
		bins = append(bins, Bin{Key: fmt.Sprint(len(bins) % keys), Window: Window{From: from, To: from.Add(step)}})
	}
	key := func(b modelBan) (string, bool) {
		since := time.Unix(m.timeOf(b, hourSeconds), 0).Sub(w.From)
		i := int(since / step)
		return fmt.Sprint(i % keys), since >= 0 && i < len(bins)
	}
	got, err := s.ByBin(t.Context(), bins, true)
	if err != nil {
		t.Fatal(err)
	}
	if bare, err := s.ByBin(t.Context(), bins, false); err != nil || !cmp.Equal(bare, withoutAddresses(got)) {
		t.Errorf("bins of %v from %v without addresses: %v, %v, want %v", step, w.From, bare, err,
			withoutAddresses(got))
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
	byJail := func(b modelBan) (string, bool) { k, counts := key(b); return k + " " + b.Jail, counts }
	for k, c := range m.count(byJail) {
		want[k] = c.Bans
	}
	if !maps.Equal(sums, want) {
		t.Errorf("jails in bins of %v from %v: %v, want %v", step, w.From, sums, want)
	}
}

// readLog appends some lines to the log, reads them, and applies them to the model, one by one.
func (m *model) readLog(t *testing.T, s *Store, dice *rand.Rand, until time.Time) {
	t.Helper()
	at := m.log.Cursor.LastTime
	if gone := time.Unix(max(m.gone, at.Unix()), 0); at.Before(gone) {
		at = gone
	}
	batch, whole := m.log, &m.log
	batch.Bans, batch.Ends = nil, nil
	if batch.Gaps = nil; len(m.log.Bans) > 0 && dice.IntN(10) == 0 {
		batch.Gaps = []string{"lost"}
		whole.Bans, whole.Ends = nil, nil
		for i := range m.bans {
			if b := &m.bans[i]; b.Source == "log" && b.BanTime == 0 && b.Time.Unix() >= m.gone {
				b.open = false
			}
		}
	}
	kinds := []EndKind{Lifted, Lifted, Lifted, Prolonged, Resumed, Started}
	type line struct {
		ban *Ban
		end End
	}
	var lines []line
	for range 1 + dice.IntN(30) {
		if at = at.Add(time.Duration(dice.IntN(20_000)) * time.Second); !at.Before(until) {
			break
		}
		jail, address := []string{"sshd", "web"}[dice.IntN(2)], fmt.Sprintf("203.0.%d.%d", dice.IntN(3), dice.IntN(4))
		if dice.IntN(2) == 0 {
			ban := Ban{Time: at, Address: address, Jail: jail}
			batch.Bans, whole.Bans = append(batch.Bans, ban), append(whole.Bans, ban)
			lines = append(lines, line{ban: &ban})
			continue
		}
		e := End{Kind: kinds[dice.IntN(len(kinds))], Jail: jail, At: at}
		switch {
		case e.Kind != Started:
			e.Address = address
		case dice.IntN(2) == 0:
			e.Jail = ""
		}
		if e.Kind == Prolonged && dice.IntN(5) > 0 {
			e.Until = at.Add(time.Duration(dice.IntN(12*24)) * time.Hour)
		}
		e.After = len(batch.Bans)
		batch.Ends = append(batch.Ends, e)
		e.After = len(whole.Bans)
		whole.Ends = append(whole.Ends, e)
		m.told = m.told || e.Kind != Started
		lines = append(lines, line{end: e})
	}
	m.log.Cursor.LastTime = at
	if _, err := s.AddBans(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.ban == nil {
			m.end(l.end)
			continue
		}
		m.supersede(*l.ban, l.ban.Time)
		r := modelBan{Ban: *l.ban, life: m.life[l.ban.Address], open: true}
		r.Source = "log"
		m.bans = append(m.bans, r)
	}
}

// supersede ends the earlier bans of the same address by the same jail that began by a moment.
func (m *model) supersede(ban Ban, by time.Time) {
	for i := range m.bans {
		b := &m.bans[i]
		if b.Source == "log" && b.Jail == ban.Jail && b.Address == ban.Address && !b.Time.After(by) {
			m.over(b, ban.Time)
		}
	}
}

// over ends a ban at a moment, if it was open.
func (m *model) over(b *modelBan, at time.Time) {
	if !b.open || b.Time.Unix() < m.gone {
		return
	}
	if lasted := at.Unix() - b.Time.Unix(); m.told && (b.BanTime <= 0 || b.BanTime > lasted) {
		b.BanTime = max(1, lasted)
	}
	b.open = false
}

// end applies a line of the log to the latest ban that it can mean; a start, to all.
func (m *model) end(e End) {
	var last *modelBan
	for i := range m.bans {
		b := &m.bans[i]
		if b.Source != "log" || b.Time.After(e.At) || b.Time.Unix() < m.gone || e.Jail != "" && b.Jail != e.Jail {
			continue
		}
		if e.Kind == Started {
			m.over(b, e.At)
		} else if b.Address == e.Address {
			last = b // they come in order
		}
	}
	if last == nil {
		return
	}
	lasted := e.At.Unix() - last.Time.Unix()
	switch {
	case e.Kind == Lifted && (last.open || last.BanTime == 0):
		last.BanTime, last.open = max(1, lasted), false
	case e.Kind == Prolonged && (last.open || last.BanTime == 0):
		if last.BanTime, last.open = max(1, e.Until.Unix()-last.Time.Unix()), true; e.Until.IsZero() {
			last.BanTime = -1
		}
	case e.Kind == Resumed && last.BanTime >= 0 && last.BanTime <= lasted:
		last.BanTime, last.open = 0, true
	}
}

// inLog reports whether the line of a ban is in the log: it is not before a gap.
func (m *model) inLog(b modelBan) bool {
	return b.Source == "log" && len(m.log.Bans) > 0 && !b.Time.Before(m.log.Bans[0].Time)
}

// readLogAgain reads the log from its start, as a new generation, in batches of any size. Nothing changes but what was
// unknown: all lines behind these bans are read now.
func (m *model) readLogAgain(t *testing.T, s *Store, dice *rand.Rand) {
	t.Helper()
	var before, after []string
	known := true
	for i := range m.bans {
		b := &m.bans[i]
		if !m.inLog(*b) {
			continue
		}
		before = append(before, fmt.Sprint(b.Ban, b.open))
		if unknown := b.BanTime == 0 && !b.open && b.Time.Unix() >= m.gone; unknown {
			known = false
			b.open = true
		}
	}
	end := 0
	for i, ban := range m.log.Bans {
		for ; end < len(m.log.Ends) && m.log.Ends[end].After <= i; end++ {
			m.end(m.log.Ends[end])
		}
		m.supersede(ban, ban.Time.Add(-1))
	}
	for _, e := range m.log.Ends[end:] {
		m.end(e)
	}
	for _, b := range m.bans {
		if m.inLog(b) {
			after = append(after, fmt.Sprint(b.Ban, b.open))
		}
	}
	if diff := cmp.Diff(before, after); known && diff != "" {
		t.Errorf("read again (-before +after):\n%s", diff)
	}
	m.log.Cursor.Generation++
	for from, end := 0, 0; ; {
		to := min(len(m.log.Bans), from+1+dice.IntN(50))
		batch := m.log
		batch.Bans, batch.Ends = slices.Clone(m.log.Bans[from:to]), nil
		for ; end < len(m.log.Ends) && (to == len(m.log.Bans) || m.log.Ends[end].After < to); end++ {
			e := m.log.Ends[end]
			e.After -= from
			batch.Ends = append(batch.Ends, e)
		}
		if _, err := s.AddBans(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if from = to; from == len(m.log.Bans) {
			return
		}
	}
}
