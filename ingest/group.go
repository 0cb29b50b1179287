package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"friendlyfire/store"
)

// Group reads all files that a pattern matches, each as a source of its own. It finds new ones while it runs. One that is
// gone stays a source that cannot be read, also over a restart, until it comes back or has been gone for a week.
//
// Step must be called by one goroutine at a time; the other methods may be called by any.
type Group struct {
	Store   *store.Store
	Files   Files
	Pattern Pattern
	Every   time.Duration // between two looks at all files
	Claims  *Claims       // of all sources
	// New returns the reader of a file, without its Source. Its error is that the file can have no name.
	New func(file string, parts []string) (*Reader, error)
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
	reader    *Reader
	goneSince time.Time // when it was first seen to be gone; zero: it is there
	err       error     // of its last step
}

// Problem is what keeps files of a pattern from being read, and is no trouble of one file.
type Problem struct {
	Kind string // one of few
	Says string // "2 names cannot be used: …"
}

// Kinds of problems.
const (
	NothingFound = "nothing"   // no file matches
	Unlisted     = "unlisted"  // a directory cannot be listed
	BadName      = "name"      // what the stars stand for makes no name
	SameName     = "same name" // as another file has
	SameFile     = "same file" // under two names
	TooMany      = "too many"  // files
)

// foundKey is where the store has the location of a file by the name under which a pattern has found it.
const foundKey = "ingest/found/"

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

// Problems returns what keeps files from being read, by the last look.
func (g *Group) Problems() []Problem {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.problems
}

// String is the pattern, for people.
func (g *Group) String() string { return g.Files.Location(g.Pattern.Path) }

// Step reads what is new in the files that have changed or, when it is time, looks for all files and reads them. Its error
// names a few of the files that cannot be read.
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
	return !m.goneSince.IsZero() && m.reader.reportedBad && errors.Is(m.err, fs.ErrNotExist)
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
	kept, err := g.Store.Values(ctx, foundKey)
	if err != nil {
		return err
	}
	g.byPath, g.former = map[string]*member{}, map[string]string{}
	for key, location := range kept {
		g.former[location] = strings.TrimPrefix(key, foundKey)
	}
	for location, name := range g.former {
		file, ok := strings.CutPrefix(location, g.Files.Location(""))
		parts, matches := g.Pattern.match(file)
		if !ok || !matches || g.Own(Match{Path: file}) {
			continue
		}
		reader, err := g.New(file, parts)
		if err != nil || reader.Name != name {
			continue // it has another name now, if it is still there
		}
		if _, free := g.Claims.Claim(name, location); free {
			g.add(file, reader)
		}
	}
	g.loaded = true
	return nil
}

func (g *Group) add(file string, reader *Reader) *member {
	m := &member{path: file, reader: reader, source: &listed{Source: g.Files.At(file)}}
	reader.Source = m.source
	g.byPath[file] = m
	return m
}

// find looks for the files of the pattern.
func (g *Group) find(ctx context.Context, p *problemCounts) ([]Match, error) {
	found, err := g.Files.Find(ctx, g.Pattern, func(file string) bool { return g.byPath[file] != nil })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g, err)
	}
	if found.Err != nil {
		p.add(Unlisted, store.Clean((&unreadable{found.Err}).reason(), 200))
	}
	if found.More {
		p.add(TooMany, fmt.Sprintf("more than %d", MostFiles))
	}
	return found.Files, nil
}

// look looks for the files of the pattern, and makes members of the new ones.
func (g *Group) look(ctx context.Context) error {
	p := problemCounts{}
	found, err := g.find(ctx, &p)
	if err != nil {
		if ctx.Err() == nil {
			g.publish([]Problem{{Unlisted, store.Clean((&unreadable{err}).reason(), 200)}})
		}
		return err
	}
	there := make(map[string]bool, len(found))
	var fresh []Match
	same := files{}
	for _, match := range found {
		there[match.Path] = true
		if m := g.byPath[match.Path]; m != nil {
			m.sees(match)
			same.first(match)
		} else {
			fresh = append(fresh, match)
		}
	}
	before := len(g.order)
	var admitted []*member
	for _, match := range fresh {
		reader := g.admit(match, same, &p)
		if reader == nil {
			continue
		}
		if err := g.rename(ctx, match, reader.Name); err != nil {
			return err
		}
		m := g.add(match.Path, reader)
		m.sees(match)
		admitted = append(admitted, m)
	}
	forgotten, err := g.forget(ctx, there)
	if err != nil {
		return err
	}
	if err := g.Store.SetValues(ctx, g.unsaved); err != nil {
		return err
	}
	g.unsaved = nil
	if len(g.byPath) == 0 && len(p.kinds) == 0 {
		p.add(NothingFound, "")
	}
	if len(admitted) > 0 || forgotten || before != len(g.byPath) {
		g.sort()
		if err := g.seekFormer(ctx, admitted); err != nil {
			return err
		}
	}
	g.publish(p.all())
	return nil
}

// mostFormer is with how many sources that are configured no more a new file is compared: each takes a look into it.
const mostFormer = 100

// seekFormer has new files compared with the sources that are configured no more: one may have been renamed.
func (g *Group) seekFormer(ctx context.Context, admitted []*member) error {
	if len(admitted) == 0 {
		return nil
	}
	names := g.Claims.Names()
	former, err := g.Store.Orphans(ctx, names)
	if err != nil || len(former) == 0 || len(former) > mostFormer {
		return err
	}
	for _, m := range admitted {
		m.reader.Configured = names
	}
	return nil
}

// Preview is what a look finds, where nothing is read or kept.
func (g *Group) Preview(ctx context.Context) (all []Match, names []string, problems []Problem, err error) {
	g.byPath = map[string]*member{}
	p, same := problemCounts{}, files{}
	found, err := g.find(ctx, &p)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, match := range found {
		if reader := g.admit(match, same, &p); reader != nil {
			all, names = append(all, match), append(names, reader.Name)
		}
	}
	if len(all) == 0 && len(p.kinds) == 0 {
		p.add(NothingFound, "")
	}
	return all, names, p.all(), nil
}

// sees takes over what a look has shown of the file.
func (m *member) sees(match Match) {
	m.source.seen = nil
	if match.Err == nil {
		m.source.seen = &match.Info
	}
	m.goneSince = time.Time{}
}

// admit returns the reader of a file that was not known, with its name claimed; nil where the file is not to be read, and p
// may say why.
func (g *Group) admit(match Match, same files, p *problemCounts) *Reader {
	if g.Own(match) { // it is read by itself
		return nil
	}
	reader, err := g.New(match.Path, match.Parts)
	if err != nil {
		p.add(BadName, err.Error())
		return nil
	}
	if first := same.first(match); first != "" {
		p.add(SameFile, store.Clean(match.Path, 100)+" is "+store.Clean(first, 100))
		return nil
	}
	if holder, free := g.Claims.Claim(reader.Name, g.Files.Location(match.Path)); !free {
		p.add(SameName, fmt.Sprintf("%s of %s and %s", reader.Name, store.Clean(match.Path, 100), store.Clean(holder, 100)))
		return nil
	}
	return reader
}

// rename has the store know the name of a file, and gives what it knows of it under another name to that.
func (g *Group) rename(ctx context.Context, match Match, name string) error {
	location := g.Files.Location(match.Path)
	if old := g.former[location]; old != "" && old != name {
		if _, err := g.Store.RenameSource(ctx, old, name); err != nil {
			return err
		}
		g.save(old, "")
	}
	g.save(name, location)
	return nil
}

// save has the store know where the file of a name is; "": nowhere.
func (g *Group) save(name, location string) {
	if g.unsaved == nil {
		g.unsaved = map[string]string{}
	}
	g.unsaved[foundKey+name] = location
}

// forget drops files that have been gone for so long that nobody waits for them.
func (g *Group) forget(ctx context.Context, there map[string]bool) (forgotten bool, err error) {
	now := time.Now()
	for file, m := range g.byPath {
		if there[file] {
			continue
		}
		m.source.seen = nil
		if m.goneSince.IsZero() {
			since, err := g.Store.FailingSince(ctx, m.reader.Name)
			if err != nil {
				return forgotten, err
			}
			if m.goneSince = since; since.IsZero() {
				m.goneSince = now
			}
		}
		if now.Sub(m.goneSince) < forgetAfter {
			continue
		}
		forgotten = true
		delete(g.byPath, file)
		g.Claims.Release(m.reader.Name)
		g.save(m.reader.Name, "")
	}
	return forgotten, nil
}

// sort puts the members into order, and tells others their names.
func (g *Group) sort() {
	g.order = slices.SortedFunc(maps.Values(g.byPath), func(a, b *member) int { return strings.Compare(a.path, b.path) })
	names := make([]string, len(g.order))
	for i, m := range g.order {
		names[i] = m.reader.Name
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

// files are those that were seen, by what they are on their disk.
type files map[[2]uint64]string

// first returns the path under which the file was seen already; "": none.
func (f files) first(m Match) string {
	id := [2]uint64{m.Info.Device, m.Info.Inode}
	if id[1] == 0 {
		return ""
	}
	if first, seen := f[id]; seen && path.Clean(first) != path.Clean(m.Path) {
		return first
	}
	f[id] = m.Path
	return ""
}

// problemCounts are the problems of one look.
type problemCounts struct {
	kinds []string
	count map[string]int
	first map[string]string
}

func (p *problemCounts) add(kind, example string) {
	if p.count == nil {
		p.count, p.first = map[string]int{}, map[string]string{}
	}
	if p.count[kind]++; p.count[kind] == 1 {
		p.kinds = append(p.kinds, kind)
		p.first[kind] = example
	}
}

func (p *problemCounts) all() (all []Problem) {
	for _, kind := range p.kinds {
		says := p.first[kind]
		if n := p.count[kind]; n > 1 {
			says += fmt.Sprintf(", and %d more", n-1)
		}
		all = append(all, Problem{kind, says})
	}
	return all
}
