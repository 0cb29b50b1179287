package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"modernc.org/sqlite"
)

// systemSet is the bans of one day by autonomous system, as stored in the database: ascending, each as
//
//	distance of its number from that of the previous one, bans, friendly, length of the addresses, addresses
//
// where numbers are varints.
type systemSet []byte

// systemCount is the bans of one system.
type systemCount struct {
	asn            ASN
	bans, friendly int64
	addresses      idSet
}

// all yields the systems in ascending order. They share the memory of the set.
func (s systemSet) all(yield func(systemCount) bool) {
	var c systemCount
	number := func() uint64 {
		v, n := binary.Uvarint(s)
		s = s[max(n, 0):]
		return v
	}
	for len(s) > 0 {
		distance, n := binary.Uvarint(s)
		if n <= 0 {
			return // malformed
		}
		s = s[n:]
		c.asn += ASN(distance)                                //nolint:gosec // it was encoded from one
		c.bans, c.friendly = int64(number()), int64(number()) //nolint:gosec // were int64
		length := min(number(), uint64(len(s)))
		c.addresses, s = idSet(s[:length]), s[length:]
		if !yield(c) {
			return
		}
	}
}

// with is the set with more of one system, which must not be lower than the last.
func (s systemSet) with(last ASN, c systemCount) systemSet {
	s = binary.AppendUvarint(s, uint64(c.asn-last))
	s = binary.AppendUvarint(s, uint64(c.bans))     //nolint:gosec // decoding reverses the conversion
	s = binary.AppendUvarint(s, uint64(c.friendly)) //nolint:gosec // decoding reverses the conversion
	s = binary.AppendUvarint(s, uint64(len(c.addresses)))
	return append(s, c.addresses...)
}

// plus is the set with what another has. Systems of which nothing is left are left out.
func (s systemSet) plus(other systemSet) (sum systemSet) {
	sum = make(systemSet, 0, len(s)+len(other))
	rest := slices.Collect(other.all)
	last := ASN(0)
	add := func(c systemCount) {
		if c.bans != 0 || c.friendly != 0 || len(c.addresses) > 0 {
			sum, last = sum.with(last, c), c.asn
		}
	}
	for c := range s.all {
		for len(rest) > 0 && rest[0].asn < c.asn {
			add(rest[0])
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].asn == c.asn {
			c.bans += rest[0].bans
			c.friendly += rest[0].friendly
			c.addresses = c.addresses.with(rest[0].addresses)
			rest = rest[1:]
		}
		add(c)
	}
	for _, c := range rest {
		add(c)
	}
	return sum
}

// without is the set without the addresses that the systems have in another.
func (s systemSet) without(other systemSet) systemSet {
	left := make(systemSet, 0, len(s))
	rest := slices.Collect(other.all)
	last := ASN(0)
	for c := range s.all {
		for len(rest) > 0 && rest[0].asn < c.asn {
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].asn == c.asn {
			c.addresses = c.addresses.without(rest[0].addresses)
		}
		left, last = left.with(last, c), c.asn
	}
	return left
}

// systemBans are bans of an address, to be counted under its system. A tally has a list of them and no map, since that
// would take several times the memory.
type systemBans struct {
	day, address int64
	asn          ASN
	friendly     bool
	bans         int64
}

// negative is the set with as much less of each system, and no addresses.
func (s systemSet) negative() (set systemSet) {
	last := ASN(0)
	for c := range s.all {
		set, last = set.with(last, systemCount{asn: c.asn, bans: -c.bans, friendly: -c.friendly}), c.asn
	}
	return set
}

// systemSets encodes the changes, by day. It sorts them in place.
func systemSets(changes []systemBans) map[int64]systemSet {
	slices.SortFunc(changes, func(a, b systemBans) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.asn, b.asn), cmp.Compare(a.address, b.address))
	})
	sets := map[int64]systemSet{}
	for len(changes) > 0 {
		day, last := changes[0].day, ASN(0)
		var set systemSet
		for len(changes) > 0 && changes[0].day == day {
			c, id := systemCount{asn: changes[0].asn}, int64(0)
			for len(changes) > 0 && changes[0].day == day && changes[0].asn == c.asn {
				one := changes[0]
				c.bans += one.bans
				if one.friendly {
					c.friendly += one.bans
				}
				if one.address != id {
					c.addresses = binary.AppendUvarint(c.addresses, uint64(one.address-id)) //nolint:gosec // they ascend
					id = one.address
				}
				changes = changes[1:]
			}
			set = set.with(last, c)
			last = c.asn
		}
		sets[day] = set
	}
	return sets
}

// writeSystems writes the changes to system_days.
func writeSystems(ctx context.Context, tx *sql.Tx, added, removed []systemBans) error {
	sets := systemSets(added)
	for day, set := range systemSets(removed) {
		_, err := tx.ExecContext(ctx, "UPDATE system_days SET systems = systems_without(systems, ?2) WHERE "+rowsOfDay+
			" AND length(systems_without(systems, ?2)) < length(systems)", day, []byte(set))
		if err != nil {
			return err
		}
		// The first row may have less than nothing: the others have the rest.
		sets[day] = sets[day].plus(set.negative())
	}
	days := slices.Sorted(maps.Keys(sets))
	for _, day := range days {
		_, err := tx.ExecContext(ctx, `INSERT INTO system_days VALUES (?, ?)
			ON CONFLICT DO UPDATE SET systems = systems_with(systems, excluded.systems)`, day, []byte(sets[day]))
		if err != nil {
			return err
		}
	}
	return closeParts(ctx, tx, "system_days", "systems", days)
}

// registerSystems registers the SQL functions systems_with(a, b) and systems_without(a, b), the second of which takes
// away addresses alone, and the aggregate systems(asn, bans, friendly, addresses), which makes a set.
func registerSystems() error {
	for name, of := range map[string]func(a, b systemSet) systemSet{
		"systems_with": systemSet.plus, "systems_without": systemSet.without,
	} {
		if err := registerSets(name, of); err != nil {
			return err
		}
	}
	return sqlite.RegisterFunction("systems", &sqlite.FunctionImpl{
		NArgs: 4, Deterministic: true, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) {
			return &systemsOf{}, nil
		},
	})
}

// systemsOf is the aggregate.
type systemsOf struct{ set systemSet }

// Step adds the bans of a system.
func (s *systemsOf) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	asn, ok1 := args[0].(int64)
	bans, ok2 := args[1].(int64)
	friendly, ok3 := args[2].(int64)
	addresses, ok4 := args[3].([]byte)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return fmt.Errorf("systems of %T, %T, %T, %T: want three numbers and a blob", args[0], args[1], args[2], args[3])
	}
	s.set = s.set.plus(systemSet(nil).with(0, systemCount{ASN(asn), bans, friendly, addresses})) //nolint:gosec // was one
	return nil
}

// WindowInverse fails: systems is not a window function.
func (s *systemsOf) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return fmt.Errorf("systems: no window function")
}

// WindowValue returns the set.
func (s *systemsOf) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return []byte(s.set), nil
}

// Final has nothing to release.
func (s *systemsOf) Final(*sqlite.FunctionContext) {}
