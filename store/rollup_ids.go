package store

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math/bits"
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
	if err := registerPack(); err != nil {
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
type distinct struct{ words []uint64 }

// newDistinct makes room for ids up to the highest: to grow costs more than to count.
func newDistinct(highest int64) distinct {
	return distinct{words: make([]uint64, highest>>6+1)}
}

// add adds a set. It reads what idSet.all does, in half of the time.
func (d *distinct) add(s idSet) {
	words := d.words
	for id, i := uint64(0), 0; i < len(s); {
		distance := uint64(s[i])
		i++
		if distance >= 0x80 {
			distance &= 0x7f
			for shift := 7; i < len(s); shift += 7 {
				b := s[i]
				i++
				distance |= uint64(b&0x7f) << shift
				if b < 0x80 {
					break
				}
			}
		}
		id += distance
		word := int(id >> 6) //nolint:gosec // ids are counted from 1
		if word >= len(words) {
			words = append(words, make([]uint64, word+1-len(words))...)
		}
		words[word] |= 1 << (id & 63)
	}
	d.words = words
}

// or adds all that another has.
func (d *distinct) or(other *distinct) {
	if n := len(other.words) - len(d.words); n > 0 {
		d.words = append(d.words, make([]uint64, n)...)
	}
	for i, w := range other.words {
		d.words[i] |= w
	}
}

// count is how many there are.
func (d *distinct) count() (n int64) {
	for _, w := range d.words {
		n += int64(bits.OnesCount64(w))
	}
	return n
}
