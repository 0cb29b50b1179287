package store

import (
	"cmp"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"modernc.org/sqlite"
)

// summer is the SQL aggregate pack_sums(time, source, jail, bans, friendly, endless, addresses, friends), which makes a
// pack in which rows of one time, source and jail are one. The rows must come in order of time.
type summer struct {
	pack packer
	time int64
	rows map[sumKey]*sum
	last sumKey // the key of the row before, and its sum: most often that of the next row as well
	sum  *sum
}

type sumKey struct{ source, jail int64 }

type sum struct {
	bans, friendly, endless int64
	addresses, friends      []int64
}

// Step adds a row.
func (s *summer) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	var numbers [6]int64
	for i := range numbers {
		n, ok := args[i].(int64)
		if !ok {
			return fmt.Errorf("pack_sums: %T in place %d, want a number", args[i], i)
		}
		numbers[i] = n
	}
	addresses, ok1 := args[6].([]byte)
	friends, ok2 := args[7].([]byte)
	if !ok1 || !ok2 {
		return fmt.Errorf("pack_sums: %T and %T for addresses and friends, want blobs", args[6], args[7])
	}
	if at := numbers[0]; at != s.time {
		s.flush()
		s.time = at
	}
	if key := (sumKey{numbers[1], numbers[2]}); s.sum == nil || key != s.last {
		s.last, s.sum = key, s.rows[key]
		if s.sum == nil {
			s.sum = &sum{}
			if s.rows == nil {
				s.rows = map[sumKey]*sum{}
			}
			s.rows[key] = s.sum
		}
	}
	s.sum.bans += numbers[3]
	s.sum.friendly += numbers[4]
	s.sum.endless += numbers[5]
	s.sum.addresses = idSet(addresses).appendTo(s.sum.addresses)
	s.sum.friends = idSet(friends).appendTo(s.sum.friends)
	return nil
}

// flush writes the rows of one time, in the order of their keys.
func (s *summer) flush() {
	keys := slices.SortedFunc(maps.Keys(s.rows), func(a, b sumKey) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.jail, b.jail))
	})
	for _, k := range keys {
		n := s.rows[k]
		s.pack.time(s.time)
		for _, v := range []int64{k.source, k.jail, 0, n.bans, n.friendly, n.endless} { // 0: no country
			s.pack.pack = binary.AppendUvarint(s.pack.pack, uint64(v)) //nolint:gosec // decoding reverses the conversion
		}
		s.pack.add(newIDSet(n.addresses))
		s.pack.add(newIDSet(n.friends))
	}
	clear(s.rows)
	s.sum = nil
}

// WindowInverse fails: pack_sums is not a window function.
func (s *summer) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return fmt.Errorf("pack_sums: no window function")
}

// WindowValue returns the pack.
func (s *summer) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	s.flush()
	return []byte(s.pack.pack), nil
}

// Final has nothing to release.
func (s *summer) Final(*sqlite.FunctionContext) {}

func registerSums() error {
	return sqlite.RegisterFunction("pack_sums", &sqlite.FunctionImpl{
		NArgs: 8, Deterministic: true, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &summer{}, nil },
	})
}
