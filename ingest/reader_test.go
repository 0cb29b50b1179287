package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"friendlyfire/store"
	"friendlyfire/store/storetest"
)

// place is a directory with a file of bans, and a reader of it with a real database.
type place struct {
	t      *testing.T
	path   string
	store  *store.Store
	source Source // nil: the file itself
	reader *Reader
	nexts  int
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t: t, path: filepath.Join(dir, "bans.csv")}
	database := filepath.Join(dir, "db", "friendlyfire.db")
	p.must(os.Mkdir(filepath.Dir(database), 0o700))
	p.store = storetest.New(t, database)
	p.restart()
	return p
}

// restart makes a new reader, without any state.
func (p *place) restart() {
	if p.source == nil {
		p.source = Local{p.path}
	}
	p.reader = &Reader{
		Store: p.store, Name: "web1", Source: p.source, Format: "auto", Zone: time.UTC, MaxAge: time.Hour,
		Next: func() { p.nexts++ },
	}
}

func (p *place) step() {
	p.t.Helper()
	if err := p.reader.Step(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// write overwrites the file, append appends to it.
func (p *place) write(name, text string) {
	p.t.Helper()
	p.must(os.WriteFile(name, []byte(text), 0o600))
}

func (p *place) append(name, text string) {
	p.t.Helper()
	appendTo(p.t, name, text)
}

func appendTo(t testing.TB, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// rename renames a file as log rotation does.
func (p *place) rename(from, to string) {
	p.t.Helper()
	p.must(os.Rename(from, to))
}

func (p *place) status() store.SourceStatus {
	p.t.Helper()
	all, err := p.store.Sources(p.t.Context())
	p.must(err)
	if len(all) != 1 {
		p.t.Fatalf("%d sources, want 1", len(all))
	}
	return all[0]
}

// bans returns the addresses in the database with the number of their bans.
func (p *place) bans() map[string]int {
	p.t.Helper()
	return p.bansOf(p.t.Context())
}

func (p *place) bansOf(ctx context.Context) map[string]int {
	p.t.Helper()
	all, err := p.store.Undecided(ctx, 0, 1_000_000)
	p.must(err)
	got := map[string]int{}
	for _, g := range all {
		got[g.Address]++
	}
	return got
}

// want fails unless the database holds exactly the bans of these addresses, each as often as it is named.
func (p *place) want(addresses ...string) {
	p.t.Helper()
	want := map[string]int{}
	for _, a := range addresses {
		want[a]++
	}
	got := p.bans()
	for _, a := range slices.Concat(keys(got), keys(want)) {
		if got[a] != want[a] {
			p.t.Errorf("%d bans of %q, want %d", got[a], a, want[a])
		}
	}
}

func keys[V any](m map[string]V) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

const (
	seedHeader = "DATE,TIME,IP_ADDRESS\n"
	richHeader = "DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH\n"
)

// ip returns the n-th of the test's addresses.
func ip(n int) string { return fmt.Sprintf("2001:db8::%x:%x", n>>16+1, n&0xffff) }

// seedRow and richRow are bans of the n-th address, ten seconds apart, all of them news.
func seedRow(n int) string {
	return fmt.Sprintf("%s,%s\n", rowTime(n).Format("2006-01-02,15:04:05"), ip(n))
}

func richRow(n int) string {
	return fmt.Sprintf("%s,%s,sshd,5,3600,1,%d\n", rowTime(n).Format("2006-01-02,15:04:05"), ip(n), rowTime(n).Unix())
}

var begun = time.Now().UTC().Truncate(time.Second)

func rowTime(n int) time.Time { return begun.Add(time.Duration(10*n) * time.Second) }

// rows are seedRow or richRow of from to below to.
func rows(row func(int) string, from, to int) (text string) {
	for n := from; n < to; n++ {
		text += row(n)
	}
	return text
}

func ips(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, ip(n))
	}
	return all
}
