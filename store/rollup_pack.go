package store

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"

	"modernc.org/sqlite"
)

// A pack is a cache of the rows of a rollup for some days or an hour in one blob, one after the other, each as
//
//	difference of its time from that of the previous row (zigzag), source, jail, length of the country, country,
//	bans, friendly, endless, length of the addresses, addresses, length of the friends, friends
//
// where numbers are varints. Finding rows and fetching them one by one costs many times as much as counting them. A
// pack is never changed: it is emptied in the transaction that changes one of its rows, and rebuilt later. Where it is
// missing or empty, the rows are read, with the same result.
type pack []byte

// all yields the rows of the pack, which share its memory.
func (p pack) all(yield func(rollupRow) bool) {
	var k rollupRow
	number := func() uint64 {
		v, n := binary.Uvarint(p)
		p = p[max(n, 0):]
		return v
	}
	text := func() []byte {
		n := min(number(), uint64(len(p)))
		b := p[:n]
		p = p[n:]
		return b
	}
	for len(p) > 0 {
		distance, n := binary.Varint(p)
		if n <= 0 {
			return // malformed
		}
		p = p[n:]
		k.time += distance
		k.source, k.jail, k.country = int64(number()), int64(number()), text()            //nolint:gosec // were int64
		k.bans, k.friendly, k.endless = int64(number()), int64(number()), int64(number()) //nolint:gosec // were int64
		k.addresses, k.friends = text(), text()
		if !yield(k) {
			return
		}
	}
}

// packer is the SQL aggregate pack(time, source, jail, country, bans, friendly, endless, addresses, friends), which
// makes a pack of rows. For addresses and friends it also takes a single id instead of a set.
type packer struct {
	pack pack
	last int64
}

// Step adds a row.
func (p *packer) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			switch i {
			case 0:
				p.time(v)
			case 7, 8:
				var id [binary.MaxVarintLen64]byte
				p.add(binary.AppendUvarint(id[:0], uint64(v))) //nolint:gosec // ids are positive
			default:
				p.pack = binary.AppendUvarint(p.pack, uint64(v)) //nolint:gosec // decoding reverses the conversion
			}
		case []byte:
			p.add(v)
		case string:
			p.add([]byte(v))
		default:
			return fmt.Errorf("pack: %T in place %d", arg, i)
		}
	}
	return nil
}

// time begins a row.
func (p *packer) time(t int64) { p.pack, p.last = binary.AppendVarint(p.pack, t-p.last), t }

func (p *packer) add(b []byte) {
	p.pack = append(binary.AppendUvarint(p.pack, uint64(len(b))), b...)
}

// WindowInverse fails: pack is not a window function.
func (p *packer) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return fmt.Errorf("pack: no window function")
}

// WindowValue returns the pack.
func (p *packer) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	return []byte(p.pack), nil
}

// Final has nothing to release.
func (p *packer) Final(*sqlite.FunctionContext) {}

func registerPack() error {
	return sqlite.RegisterFunction("pack", &sqlite.FunctionImpl{
		NArgs: 9, Deterministic: true, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &packer{}, nil },
	})
}
