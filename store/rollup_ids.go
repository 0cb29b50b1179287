package store

import (
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"modernc.org/sqlite"
)

// idSet is a set of row ids as stored in the database: ascending, each as the varint of its distance from the previous.
type idSet []byte

// newIDSet encodes ids. It sorts them in place.
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
			return // malformed
		}
		id, s = id+int64(distance), s[n:] //nolint:gosec // it was encoded from an int64
		if !yield(id) {
			return
		}
	}
}

// appendTo appends the ids to others. It takes a fraction of the time of all.
func (s idSet) appendTo(ids []int64) []int64 {
	for id := int64(0); len(s) > 0; {
		distance, n := binary.Uvarint(s)
		if n <= 0 {
			break // malformed
		}
		id, s = id+int64(distance), s[n:] //nolint:gosec // it was encoded from an int64
		ids = append(ids, id)
	}
	return ids
}

// with is the union of two sets.
func (s idSet) with(other idSet) idSet {
	if len(other) == 0 {
		return s
	}
	return newIDSet(slices.AppendSeq(slices.Collect(s.all), other.all))
}

// without is the set without the ids of another.
func (s idSet) without(other idSet) idSet {
	removed := slices.Collect(other.all)
	return newIDSet(slices.DeleteFunc(slices.Collect(s.all), func(id int64) bool {
		_, found := slices.BinarySearch(removed, id)
		return found
	}))
}

// registerFunctions registers the SQL functions ids_with(a, b) and ids_without(a, b), the union and the difference of
// two sets, the same of systems, pack, and ban_ref.
var registerFunctions = sync.OnceValue(func() error {
	return errors.Join(
		registerSets("ids_with", idSet.with), registerSets("ids_without", idSet.without), registerSystems(), registerPack(),
		registerSums(), registerBanRef())
})

// registerSets registers an SQL function of two sets.
func registerSets[S ~[]byte](name string, of func(a, b S) S) error {
	call := func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		a, okA := args[0].([]byte)
		b, okB := args[1].([]byte)
		if !okA || !okB {
			return nil, fmt.Errorf("%s of %T and %T: want two blobs", name, args[0], args[1])
		}
		return []byte(of(a, b)), nil
	}
	return sqlite.RegisterDeterministicScalarFunction(name, 2, call)
}

// distinct counts distinct ids in a bitmap.
type distinct struct{ words []uint64 }

// newDistinct allocates space for ids up to highest: growing costs more than counting.
func newDistinct(highest int64) distinct {
	return distinct{words: make([]uint64, highest>>6+1)}
}

// add adds a set. It decodes like idSet.all, in half the time.
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

// or adds all ids of another.
func (d *distinct) or(other *distinct) {
	if n := len(other.words) - len(d.words); n > 0 {
		d.words = append(d.words, make([]uint64, n)...)
	}
	for i, w := range other.words {
		d.words[i] |= w
	}
}

// count returns the number of distinct ids.
func (d *distinct) count() (n int64) {
	for _, w := range d.words {
		n += int64(bits.OnesCount64(w))
	}
	return n
}
