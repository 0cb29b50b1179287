package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fleetSums are sums of rows by their time, source and jail, with the addresses and friends of each.
type fleetSums map[string]string

// sumsOf adds up the rows that read yields.
func sumsOf(t *testing.T, read func(yield func(rollupRow)) error) fleetSums {
	t.Helper()
	type sums struct {
		bans, friendly, endless int64
		addresses, friends      []int64
	}
	all := map[string]*sums{}
	err := read(func(k rollupRow) {
		key := fmt.Sprint(k.time, " ", k.source, " ", k.jail)
		n := all[key]
		if n == nil {
			n = &sums{}
			all[key] = n
		}
		n.bans, n.friendly, n.endless = n.bans+k.bans, n.friendly+k.friendly, n.endless+k.endless
		n.addresses, n.friends = k.addresses.appendTo(n.addresses), k.friends.appendTo(n.friends)
	})
	if err != nil {
		t.Fatal(err)
	}
	text := fleetSums{}
	for key, n := range all {
		for _, ids := range []*[]int64{&n.addresses, &n.friends} {
			slices.Sort(*ids)
			*ids = slices.Compact(*ids)
		}
		text[key] = fmt.Sprint(n.bans, n.friendly, n.endless, n.addresses, n.friends)
	}
	return text
}

// However the bans of many servers arrive, early and late, while packs are made and friends change, the hours of the
// fleet are the sums of its servers' hours, and so are the days of each server.
func TestTheFleetCountsAsItsServersDo(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	s := openBans(t)
	now := noon.Add(time.Duration(dice.IntN(20*24)) * time.Hour)
	short := 0
	for range 40 {
		now = now.Add(time.Duration(dice.IntN(5*3600)) * time.Second)
		batch := Batch{Source: fmt.Sprint("web", dice.IntN(40)), ReadAt: now, NewsSince: now.Add(-time.Hour), Open: dice.IntN(2) == 0}
		back := []int{3600, 3600, 24 * 3600, 25 * 24 * 3600}[dice.IntN(4)]
		for range 1 + dice.IntN(40) {
			batch.Bans = append(batch.Bans, Ban{
				Source: fmt.Sprint("web", dice.IntN(40)), HasEpoch: true, Time: now.Add(-time.Duration(dice.IntN(back)) * time.Second),
				Address: fmt.Sprintf("203.0.%d.%d", dice.IntN(3), dice.IntN(50)), Jail: []string{"sshd", "web", ""}[dice.IntN(3)],
				BanTime: int64(dice.IntN(2)) * 3600,
			})
		}
		if _, err := s.AddBans(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		switch dice.IntN(4) {
		case 0, 1:
			if err := s.Pack(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		case 2:
			if err := s.SetFriends(t.Context(), Friends{Systems: []ASN{ASN(dice.IntN(2))}}); err != nil {
				t.Fatal(err)
			}
		}
		checkPacks(t, s)
		short += packsOf(t, s, packsOfOneHour)
		w := Window{From: now.Add(-time.Duration(dice.IntN(30*24*3600)) * time.Second), To: now}
		if dice.IntN(3) == 0 {
			w = Window{}
		}
		for _, addresses := range []bool{true, false} {
			servers := func(sum func(*rollupRow)) fleetSums {
				return sumsOf(t, func(yield func(rollupRow)) error {
					return s.rollupRows(t.Context(), hoursOfServers(addresses), []Bin{{Window: w}}, func(k rollupRow) {
						sum(&k)
						yield(k)
					})
				})
			}
			got := sumsOf(t, func(yield func(rollupRow)) error {
				return s.hours(t.Context(), []Bin{{Window: w}}, addresses, func(k rollupRow) {
					k.time, k.source = floor(k.time, hourSeconds), 0
					yield(k)
				})
			})
			want := servers(func(k *rollupRow) { k.time, k.source = floor(k.time, hourSeconds), 0 })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("the fleet from %v, with addresses %v (-servers +fleet):\n%s", w.From, addresses, diff)
			}
			got = sumsOf(t, func(yield func(rollupRow)) error {
				return s.servers(t.Context(), w, addresses, func(k rollupRow) {
					k.time = floor(k.time, daySeconds)
					yield(withoutFriendIDs(k, addresses))
				})
			})
			want = servers(func(k *rollupRow) {
				k.time = floor(k.time, daySeconds)
				*k = withoutFriendIDs(*k, addresses)
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("the days of servers from %v, with addresses %v (-hours +days):\n%s", w.From, addresses, diff)
			}
		}
	}
	if short == 0 {
		t.Error("no pack of an hour was made")
	}
}

// withoutFriendIDs drops the addresses of rows that were asked for without: single bans have them all the same.
func withoutFriendIDs(k rollupRow, addresses bool) rollupRow {
	if !addresses {
		k.addresses = nil
	}
	return k
}

func packsOf(t *testing.T, s *Store, unit int64) (n int) {
	t.Helper()
	err := s.r.QueryRowContext(t.Context(), "SELECT count(*) FROM packs WHERE unit = ? AND length(rows) > 0", unit).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fleetOf adds an equal number of bans, by so many servers in turn, and makes the packs.
func fleetOf(t *testing.T, servers int, now time.Time) *Store {
	t.Helper()
	s := openBans(t)
	batch := Batch{Source: "web0", ReadAt: now, NewsSince: now}
	for n := range 8000 {
		batch.Bans = append(batch.Bans, Ban{
			Source: fmt.Sprint("web", n%servers), HasEpoch: true, Time: now.Add(-time.Duration(n) * 400 * time.Second),
			Address: fmt.Sprintf("203.0.%d.%d", n%7, n%50), Jail: "sshd",
		})
	}
	if _, err := s.AddBans(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := s.Pack(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return s
}

// A report of a fleet looks at no more rows than one of a single server with as many bans; one by server, at one row
// for each server and day. Only bans of the hour that is not over are read one by one.
func TestAFleetIsReportedOfAsOneServer(t *testing.T) {
	w := Window{From: noon.AddDate(0, 0, -30), To: noon.Add(time.Second)}
	rows := func(s *Store, read func(s *Store, yield func(rollupRow)) error) (n int) {
		if err := read(s, func(rollupRow) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	hours := func(s *Store, yield func(rollupRow)) error {
		return s.hours(t.Context(), []Bin{{Window: w}}, true, yield)
	}
	days := func(s *Store, yield func(rollupRow)) error { return s.servers(t.Context(), w, false, yield) }
	one, fleet := fleetOf(t, 1, noon), fleetOf(t, 100, noon)
	if got, want := rows(fleet, hours), rows(one, hours); got != want {
		t.Errorf("a report of 100 servers looks at %d rows, one of a single server at %d", got, want)
	}
	if got, most := rows(fleet, days), 100*31+2*24*9; got > most {
		t.Errorf("a report by server looks at %d rows, want %d at most", got, most)
	}
	for of, packed := range map[string]string{
		"the fleet":   "unit = 3600 AND hour >= start AND hour < start + 864000 OR unit = 3601 AND start = hour",
		"each server": fmt.Sprint("unit = 3602 AND start = hour OR hour < ", w.From.Unix()),
	} {
		var unpacked int64
		err := fleet.r.QueryRowContext(t.Context(), `SELECT min(hour) FROM jail_hours WHERE NOT EXISTS (SELECT 1 FROM packs
			WHERE `+packed+`)`).Scan(&unpacked)
		if want := floor(noon.Unix()-packLag, hourSeconds); err != nil || unpacked < want {
			t.Errorf("%s without a pack from %v on, %v, want %v", of, time.Unix(unpacked, 0), err, time.Unix(want, 0))
		}
	}
}

// A ban that comes late costs the packs of its hour and its ten days, and no others.
func TestALateBanEmptiesThePacksOfItsHourAlone(t *testing.T) {
	s := fleetOf(t, 10, noon)
	units := []int64{packsOfOneHour, packsOfServersHour}
	before := map[int64]int{}
	for _, unit := range units {
		before[unit] = packsOf(t, s, unit)
	}
	late := Ban{HasEpoch: true, Time: noon.Add(-5 * time.Hour), Address: "203.0.113.7", Jail: "sshd"}
	if _, err := s.AddBans(t.Context(), Batch{Source: "web1", Bans: []Ban{late}, ReadAt: noon, NewsSince: noon}); err != nil {
		t.Fatal(err)
	}
	for _, unit := range units {
		if after := packsOf(t, s, unit); after != before[unit]-1 {
			t.Errorf("%d packs of an hour (%d) of %d are left, want all but one", after, unit, before[unit])
		}
	}
	if err := s.Pack(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	for _, unit := range units {
		if after := packsOf(t, s, unit); after != before[unit] {
			t.Errorf("%d packs of an hour (%d), want the %d of before", after, unit, before[unit])
		}
	}
	for i, days := range []int{10, 50} {
		if err := s.Pack(t.Context(), noon.AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
		if left := packsOf(t, s, units[i]); left != 0 {
			t.Errorf("%d packs of an hour (%d) are left after %d days", left, units[i], days)
		}
	}
	checkPacks(t, s)
}
