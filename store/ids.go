package store

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"modernc.org/sqlite"
)

// idSet is a set of row ids as the database keeps it: ascending, each as the varint of its distance from the one before.
type idSet []byte

// newIDSet makes a set of ids, which it sorts.
func newIDSet(ids []int64) idSet {
	slices.Sort(ids)
	set, last := make(idSet, 0, 3*len(ids)), int64(0)
	for _, id := range slices.Compact(ids) {
		set = binary.AppendUvarint(set, uint64(id-last)) //nolint:gosec // ids are positive and ascend
		last = id
	}
	return set
}

// all yields the ids in ascending order.
func (s idSet) all(yield func(int64) bool) {
	for id := int64(0); len(s) > 0; {
		distance, n := binary.Uvarint(s)
		if n <= 0 {
			return // not a set: nothing follows
		}
		id, s = id+int64(distance), s[n:] //nolint:gosec // it was made of an int64
		if !yield(id) {
			return
		}
	}
}

// The SQL functions ids_with(a, b) and ids_without(a, b): the union of two sets, and what of a is not in b.
var registerFunctions = sync.OnceValue(func() error {
	function := func(name string, of func(a, b idSet) idSet) error {
		return sqlite.RegisterDeterministicScalarFunction(name, 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			a, isSet := args[0].([]byte)
			b, too := args[1].([]byte)
			if !isSet || !too {
				return nil, fmt.Errorf("%s of %T and %T: want two blobs", name, args[0], args[1])
			}
			return []byte(of(a, b)), nil
		})
	}
	if err := function("ids_with", func(a, b idSet) idSet {
		return newIDSet(slices.AppendSeq(slices.Collect(a.all), b.all))
	}); err != nil {
		return err
	}
	return function("ids_without", func(a, b idSet) idSet {
		gone := slices.Collect(b.all)
		return newIDSet(slices.DeleteFunc(slices.Collect(a.all), func(id int64) bool {
			_, found := slices.BinarySearch(gone, id)
			return found
		}))
	})
})

// distinct counts different ids: a bit for each that there can be.
type distinct struct {
	words []uint64
	n     int64
}

func (d *distinct) addAll(s idSet) {
	for id := range s.all {
		d.add(id)
	}
}

func (d *distinct) add(id int64) {
	word, bit := int(id>>6), uint64(1)<<(id&63)
	if word >= len(d.words) {
		d.words = append(d.words, make([]uint64, word+1-len(d.words))...)
	}
	if d.words[word]&bit == 0 {
		d.words[word] |= bit
		d.n++
	}
}
