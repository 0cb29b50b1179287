package enrich

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// tree returns a table of IPv4 networks and their records, after https://maxmind.github.io/MaxMind-DB.
func tree(records map[string][]byte) []byte {
	type node [2]int // the next node; 0: no data; negative: data, the first at -1
	nodes := []node{{}}
	var data []byte
	for text, record := range records {
		p := netip.MustParsePrefix(text)
		bits := p.Addr().As4()
		at := 0
		for i := range p.Bits() {
			side := int(bits[i/8]>>(7-i%8)) & 1
			if i == p.Bits()-1 {
				nodes[at][side] = -1 - len(data)
			} else if nodes[at][side] == 0 {
				nodes = append(nodes, node{})
				nodes[at][side] = len(nodes) - 1
			}
			at = max(0, nodes[at][side])
		}
		data = append(data, record...)
	}
	var b []byte
	for _, n := range nodes {
		for _, next := range n {
			if next <= 0 {
				next = len(nodes) - min(next, 0) + 15*min(1, -min(next, 0))
			}
			b = append(b, byte(next>>16), byte(next>>8), byte(next))
		}
	}
	b = append(append(b, make([]byte, 16)...), data...)
	const mark = "\xab\xcd\xefMaxMind.com"
	_, after, _ := bytes.Cut(mmdb(nil), []byte(mark))
	meta := append([]byte(mark), after...)
	count := append(textOf("node_count"), 6<<5|2, byte(len(nodes)>>8), byte(len(nodes)))
	meta = bytes.Replace(meta, append(textOf("node_count"), 6<<5|1, 1), count, 1)
	meta = bytes.Replace(meta, append(textOf("ip_version"), 5<<5|1, 6), append(textOf("ip_version"), 5<<5|1, 4), 1)
	return append(b, meta...)
}

// in is a record with a country.
func in(country string) []byte { return mapOf("country_code", textOf(country)) }

// damaged is a record that cannot be read: it points to where nothing is.
var damagedRecord = mapOf("country_code", []byte{1<<5 | 3<<3, 0xff, 0xff, 0xff, 0xff})

// ownTable is a table of one's own, watched by a locator.
type ownTable struct {
	t       *testing.T
	path    string
	table   *Table
	store   *store.Store
	locator *Locator
}

func newOwnTable(t *testing.T, content []byte) *ownTable {
	t.Helper()
	o := &ownTable{t: t, path: filepath.Join(t.TempDir(), "own.mmdb"), store: open(t)}
	o.overwrite(content)
	table, err := OpenTable(o.path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	o.table = table
	o.locator = &Locator{Store: o.store, Table: table, Watch: true, Next: func() {}}
	o.step()
	return o
}

// overwrite writes into the file that is there, as cp and cat > do.
func (o *ownTable) overwrite(content []byte) {
	o.t.Helper()
	if err := os.WriteFile(o.path, content, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// replace renames a file over the one that is there. It is as old as it says.
func (o *ownTable) replace(content []byte, age time.Duration) {
	o.t.Helper()
	at := time.Now().Add(-age)
	for _, err := range []error{
		os.WriteFile(o.path+".new", content, 0o600), os.Chtimes(o.path+".new", at, at), os.Rename(o.path+".new", o.path),
	} {
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *ownTable) step() {
	o.t.Helper()
	if err := o.locator.Step(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// says checks what the table says of addresses, and what trouble the store knows of.
func (o *ownTable) says(refused, damaged string, want map[string]store.Country) {
	o.t.Helper()
	for address, country := range want {
		located, err := o.table.Place(address)
		if err != nil || located.Country != country {
			o.t.Errorf("%s: %q (%v), want %q", address, located.Country, err, country)
		}
	}
	trouble, err := o.store.TableTrouble(o.t.Context(), store.CountryTable)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"refused", trouble.Refused, refused}, {"damaged", trouble.Damaged, damaged},
	} {
		if (c.got == "") != (c.want == "") || !strings.Contains(c.got, c.want) {
			o.t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

// However the file of the table is replaced, the table answers, and the new one is in force when the file is left
// alone: at once if it was made a while ago, else at the second look.
func TestR32ANewTableIsTakenByItself(t *testing.T) {
	old := tree(map[string][]byte{"1.0.0.0/8": in("BE"), "2.0.0.0/8": in("FR")})
	next := tree(map[string][]byte{"1.0.0.0/8": in("NL"), "2.0.0.0/8": in("FR")}) // made on the same day
	before := map[string]store.Country{"1.2.3.4": "BE", "2.3.4.5": "FR", "1.2.0.0/16": "BE", "3.4.5.6": ""}
	after := map[string]store.Country{"1.2.3.4": "NL", "2.3.4.5": "FR", "1.2.0.0/16": "NL", "3.4.5.6": ""}
	for name, c := range map[string]struct {
		put   func(o *ownTable)
		looks int
	}{
		"overwritten":     {func(o *ownTable) { o.overwrite(next) }, 2},
		"renamed over it": {func(o *ownTable) { o.replace(next, 0) }, 2},
		"an older one":    {func(o *ownTable) { o.replace(next, time.Hour) }, 1},
		"deleted first": {func(o *ownTable) {
			os.Remove(o.path)
			o.step()
			o.says("", "", before)
			o.overwrite(next)
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOwnTable(t, old)
			o.says("", "", before)
			o.bans("1.2.3.4", "2.3.4.5")
			c.put(o)
			for range c.looks {
				o.says("", "", before)
				o.step()
			}
			o.says("", "", after)
			// What was looked up in the old one is looked up again, as after a restart.
			o.located("1.2.3.4", "NL")
			o.located("2.3.4.5", "FR")
		})
	}
}

func (o *ownTable) bans(addresses ...string) {
	o.t.Helper()
	b := store.Batch{Source: "web1", Place: o.table.Place}
	for _, a := range addresses {
		b.Bans = append(b.Bans, store.Ban{Address: a, Jail: "sshd", HasEpoch: true})
	}
	if _, err := o.store.AddBans(o.t.Context(), b); err != nil {
		o.t.Fatal(err)
	}
}

func (o *ownTable) located(address string, want store.Country) {
	o.t.Helper()
	if k, err := o.store.Known(o.t.Context(), address); err != nil || k.Table != want {
		o.t.Errorf("%s is of %q (%v), want %q", address, k.Table, err, want)
	}
}

// A file that is no whole table is refused, once, and the old table stays in force until there is one.
func TestR32ABrokenTableIsRefused(t *testing.T) {
	old := tree(map[string][]byte{"1.0.0.0/8": in("BE"), "2.0.0.0/8": in("FR")})
	next := tree(map[string][]byte{"1.0.0.0/8": in("NL"), "2.0.0.0/8": in("FR")})
	before := map[string]store.Country{"1.2.3.4": "BE", "2.3.4.5": "FR"}
	circles := bytes.Clone(next)
	circles[2], circles[5] = 0, 0 // both sides of the first node lead to it
	wild := bytes.Clone(next)
	copy(wild, "\x7f\xff\xff")
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"truncated":      {nil, "is empty"},
		"half copied":    {next[:len(next)/2], "e"},
		"its last byte":  {next[len(next)-1:], "invalid MaxMind"},
		"something else": {[]byte("DATE,TIME,IP_ADDRESS\n"), "invalid MaxMind"},
		"no countries":   {tree(map[string][]byte{"1.0.0.0/8": mapOf("city", textOf("Ghent"))}), "no country"},
		"all damaged":    {tree(map[string][]byte{"1.0.0.0/8": damagedRecord}), "country_code"},
		"in circles":     {circles, "invalid search tree"},
		"a wild tree":    {wild, "search tree is corrupt"},
		"mostly damaged": {
			tree(map[string][]byte{"1.0.0.0/8": damagedRecord, "2.0.0.0/8": in("NL"), "3.0.0.0/8": damagedRecord}),
			"2 of its 3 records are damaged",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOwnTable(t, old)
			o.overwrite(c.content)
			for range 4 {
				o.step()
			}
			if trouble, _ := o.table.Trouble(); trouble.Refused == "" {
				t.Fatal("it is in force")
			}
			o.says(c.want, "", before)
			o.overwrite(next)
			o.step()
			o.step()
			o.says("", "", map[string]store.Country{"1.2.3.4": "NL", "2.3.4.5": "FR"})
		})
	}
	t.Run("gone", func(t *testing.T) {
		o := newOwnTable(t, old)
		if err := os.Rename(o.path, o.path+".old"); err != nil {
			t.Fatal(err)
		}
		o.step()
		o.says("", "", before) // it may be about to be replaced
		o.step()
		o.says("no such file", "", before)
		if err := os.Rename(o.path+".old", o.path); err != nil {
			t.Fatal(err)
		}
		o.step()
		o.step()
		o.says("", "", before)
	})
	t.Run("no file", func(t *testing.T) {
		o := newOwnTable(t, old)
		if err := os.Remove(o.path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(o.path, 0o700); err != nil {
			t.Fatal(err)
		}
		o.step()
		o.step()
		o.says("no regular file", "", before)
	})
}

// A damaged record is an unknown country. It stops neither reading bans nor looking up others, and is told.
func TestR32ADamagedRecordIsAnUnknownCountry(t *testing.T) {
	all := map[string][]byte{"1.0.0.0/8": in("BE"), "2.0.0.0/8": damagedRecord, "4.0.0.0/8": in("FR")}
	want := map[string]store.Country{"1.2.3.4": "BE", "2.3.4.5": "", "4.5.6.7": "FR", "2.0.0.0/8": "", "0.0.0.0/5": ""}
	o := newOwnTable(t, tree(all))
	o.says("", "1 of its 3 records", want)
	o.bans("1.2.3.4", "2.3.4.5", "4.5.6.7", "2.3.0.0/16")
	unplaced := store.Batch{Source: "web2", Bans: []store.Ban{{Address: "2.3.4.6", Jail: "sshd", HasEpoch: true}}}
	if _, err := o.store.AddBans(t.Context(), unplaced); err != nil {
		t.Fatal(err)
	}
	o.step()
	o.located("1.2.3.4", "BE")
	o.located("2.3.4.6", "")
	if left, err := o.store.Unlocated(t.Context(), 10); err != nil || len(left) > 0 {
		t.Errorf("%d addresses are not looked up (%v)", len(left), err)
	}
	// A whole one ends it, and a new damaged one begins it.
	all["2.0.0.0/8"] = in("NL")
	o.replace(tree(all), time.Hour)
	o.step()
	o.says("", "", map[string]store.Country{"2.3.4.5": "NL"})
	o.located("2.3.4.5", "NL")
	all["1.0.0.0/8"] = damagedRecord
	o.replace(tree(all), time.Hour)
	o.step()
	o.says("", "1 of its 3 records", map[string]store.Country{"1.2.3.4": "", "2.3.4.5": "NL"})
}

// While the file does not change, looking after it costs next to nothing and writes nothing.
func TestR32AnUnchangedTableCostsNothing(t *testing.T) {
	o := newOwnTable(t, tree(map[string][]byte{"1.0.0.0/8": in("BE")}))
	o.overwrite([]byte("broken"))
	o.step()
	o.step()
	allocated := testing.AllocsPerRun(20, func() { o.table.Refresh(t.Context()) })
	if allocated > 10 {
		t.Errorf("%v allocations a look", allocated)
	}
}

// A copy of the table is made where temporary files cannot be written, too.
func TestR32ACopyNeedsNoTemporaryFile(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	path := filepath.Join(os.TempDir(), "..", "own.mmdb")
	if err := os.WriteFile(path, tree(map[string][]byte{"1.0.0.0/8": in("BE")}), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := OpenTable(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if c := table.Country(netip.MustParseAddr("1.2.3.4")); c != "BE" {
		t.Errorf("country %q, want BE", c)
	}
}

// A stop does not wait until a table has been examined, which takes seconds on a small machine.
func TestAStopLeavesATableUnexamined(t *testing.T) {
	table, err := OpenTable("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if damage, err := examine(ctx, table.countries.db, table.countries.field); !errors.Is(err, context.Canceled) || damage != "" {
		t.Errorf("%q, %v", damage, err)
	}
}
