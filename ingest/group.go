package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/store"
)

// Group reads all files that a pattern matches, each as a source of its own. It finds new ones while it runs. One that
// is gone stays a source that cannot be read, also over a restart, until it comes back or has been gone for a week.
//
// Step must be called by one goroutine at a time; the other methods may be called by any.
type Group struct {
	Store   *store.Store
	Files   Files
	Pattern Pattern
	Every   time.Duration // between two looks at all files
	Claims  *Claims       // of all sources
	Logins  bool          // the files are of logins: their names are other ones than those of sources
	// New returns the reader of a file, without its Source. Its error is that the file can have no name.
	New func(file string, parts []string) (FileReader, error)
	// Own reports whether the file is that of a source that is configured by itself.
	Own   func(Match) bool
	Again func(time.Duration) // called with the time after which the next step is due

	listedAt time.Time
	loaded   bool
	byPath   map[string]*member
	order    []*member         // by path
	former   map[string]string // by location: the name that the database knows

	unsaved map[string]string // of former, to be written

	mu       sync.Mutex
	changed  map[string]bool // files that may have changed
	unknown  bool            // something else has changed
	names    []string
	problems []Problem
}

// member is one file of a group.
type member struct {
	path      string
	source    *listed
	reader    FileReader
	goneSince time.Time // when it was first seen to be gone; zero: it is there
	err       error     // of its last step
}

// foundKey is where the store has the location of a file by the name under which a pattern has found it.
func (g *Group) foundKey() string {
	if g.Logins {
		return "ingest/found logins/"
	}
	return "ingest/found/"
}

// forgetAfter is how long a file must be gone until it is forgotten: whoever took a server away was told then.
const forgetAfter = 7 * 24 * time.Hour

// soonest is how long after a look at all files the next may follow, where names appear that are not known.
const soonest = time.Second

// listed is a file whose state was just seen when the pattern was looked for.
type listed struct {
	Source
	seen *Info
}

// Stat implements Source. What was seen is told once: whoever asks again wants to know what has changed since.
func (l *listed) Stat(ctx context.Context) (Info, error) {
	if i := l.seen; i != nil {
		l.seen = nil
		return *i, nil
	}
	return l.Source.Stat(ctx)
}

// Changed says that the file may have changed; "" or one that is not known: anything may have.
func (g *Group) Changed(file string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if file == "" {
		g.unknown = true
		return
	}
	if g.changed == nil {
		g.changed = map[string]bool{}
	}
	if len(g.changed) < MostFiles {
		g.changed[file] = true
	}
}

// Names returns the names of the sources that were found and are not forgotten. The caller must not change them.
func (g *Group) Names() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.names
}

// Has reports whether a source of that name was found and is not forgotten.
func (g *Group) Has(name string) bool {
	_, has := slices.BinarySearch(g.Names(), name)
	return has
}

// String is the pattern, for people.
func (g *Group) String() string { return g.Files.Location(g.Pattern.Path) }

// Step reads what is new in the files that have changed or, when it is time, looks for all files and reads them. Its
// error names a few of the files that cannot be read.
func (g *Group) Step(ctx context.Context) error {
	if !g.loaded {
		if err := g.load(ctx); err != nil {
			return err
		}
	}
	now := time.Now()
	members, list := g.due(now)
	defer g.again()
	if list {
		g.listedAt = now
		if err := g.look(ctx); err != nil {
			return err
		}
		members = slices.DeleteFunc(slices.Clone(g.order), (*member).known)
	}
	for _, m := range members {
		if m.err = m.reader.Step(ctx); m.err == nil {
			continue
		}
		if _, unread := errors.AsType[*unreadable](m.err); ctx.Err() != nil || !unread { // of the database
			return m.err
		}
	}
	return g.err()
}

// known reports whether the file is gone, and the store knows that.
func (m *member) known() bool {
	return !m.goneSince.IsZero() && m.reader.toldBad() && errors.Is(m.err, fs.ErrNotExist)
}

// again says when the next step is due.
func (g *Group) again() {
	g.mu.Lock()
	next := g.Every
	if g.unknown {
		next = soonest
	}
	g.mu.Unlock()
	g.Again(max(0, next-time.Since(g.listedAt)))
}

// err names a few of the files that cannot be read.
func (g *Group) err() error {
	const named = 3
	var errs []error
	failed := 0
	for _, m := range g.order {
		if m.err == nil {
			continue
		}
		if failed++; failed <= named {
			errs = append(errs, m.err)
		}
	}
	if failed > named {
		errs = append(errs, fmt.Errorf("and %d more files of %s", failed-named, g))
	}
	return errors.Join(errs...)
}

// due returns the files that may have changed, and whether it is time to look at all of them.
func (g *Group) due(now time.Time) (members []*member, list bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for file := range g.changed {
		if m := g.byPath[file]; m != nil {
			members = append(members, m)
		} else {
			g.unknown = true
		}
	}
	g.changed = nil
	age := now.Sub(g.listedAt)
	list = g.listedAt.IsZero() || age >= g.Every || age < 0 || g.unknown && age >= soonest
	if list {
		g.unknown = false
	}
	return members, list
}

// load takes over what was found before the program was started.
func (g *Group) load(ctx context.Context) error {
	kept, err := g.Store.Values(ctx, g.foundKey())
	if err != nil {
		return err
	}
	g.byPath, g.former = map[string]*member{}, map[string]string{}
	for key, location := range kept {
		g.former[location] = strings.TrimPrefix(key, g.foundKey())
	}
	for location, name := range g.former {
		file, ok := strings.CutPrefix(location, g.Files.Location(""))
		parts, matches := g.Pattern.match(file)
		if !ok || !matches || g.Own(Match{Path: file}) {
			continue
		}
		reader, err := g.New(file, parts)
		if err != nil || reader.name() != name {
			continue // it has another name now, if it is still there
		}
		if _, free := g.Claims.Claim(name, location); free {
			g.add(file, reader)
		}
	}
	g.loaded = true
	return nil
}

func (g *Group) add(file string, reader FileReader) *member {
	m := &member{path: file, reader: reader, source: &listed{Source: g.Files.At(file)}}
	reader.readFrom(m.source)
	g.byPath[file] = m
	return m
}

// sort puts the members into order, and tells others their names.
func (g *Group) sort() {
	g.order = slices.SortedFunc(maps.Values(g.byPath), func(a, b *member) int { return strings.Compare(a.path, b.path) })
	names := make([]string, len(g.order))
	for i, m := range g.order {
		names[i] = m.reader.name()
	}
	slices.Sort(names)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.names = names
}

// publish lets others see what is wrong.
func (g *Group) publish(all []Problem) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.problems = all
}
