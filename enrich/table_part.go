package enrich

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// part is one .mmdb file, of which a Table takes one field.
type part struct {
	path  string // "": the built-in table, which has all fields
	field field

	mu sync.RWMutex // held for writing while db is replaced
	db *maxminddb.Reader
	id string

	watched
}

// field is what is read of the records of a file.
type field struct {
	missing string                                       // what is wrong with a file that has it nowhere
	in      func(maxminddb.Result) (there bool, _ error) // whether a record has it; the error is that it is damaged
}

var countryField = field{
	"no country in its records: country_code and country.iso_code are read",
	func(r maxminddb.Result) (bool, error) {
		c, err := country(r)
		return c != "", err
	},
}

var systemField = field{
	"no networks by number in its records: autonomous_system_number and asn are read",
	func(r maxminddb.Result) (bool, error) {
		n, err := systemNumber(r)
		return n != 0, err
	},
}

func openBuiltIn() (*part, error) {
	db, err := maxminddb.OpenBytes(builtIn)
	if err == nil {
		err = errors.Join(probe(db, countryField), probe(db, systemField))
	}
	if err != nil {
		return nil, fmt.Errorf("built-in table: %w", err)
	}
	p := &part{db: db}
	p.id = p.name()
	return p, nil
}

func openPart(path string, f field) (*part, error) {
	c, err := copyTable(path, f)
	if err != nil {
		return nil, err
	}
	p := &part{path: path, field: f, db: c.db, id: c.id}
	p.taken, p.last = c.from, c.from
	return p, nil
}

// probe returns an error if none of the first records has the field.
func probe(db *maxminddb.Reader, f field) error {
	looked := 0
	var damage error
	for result := range db.Networks() {
		if looked++; looked > 1000 {
			break
		}
		there, err := f.in(result)
		if there {
			return nil
		}
		damage = cmp.Or(damage, err)
	}
	if damage != nil {
		return damage
	}
	return errors.New(f.missing)
}

func (p *part) name() string {
	return cmp.Or(p.path, "built-in") + " of " + p.built().Format(time.DateOnly)
}

func (p *part) identity() string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.id
}

func (p *part) built() time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.db.Metadata.BuildTime().UTC()
}

func (p *part) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.db.Close()
}
