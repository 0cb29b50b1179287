package ingest

import (
	"context"
	"fmt"
	"path"
	"time"

	"friendlyfire/store"
)

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
		if err := g.rename(ctx, match, reader); err != nil {
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
	if len(admitted) == 0 || g.Logins {
		return nil
	}
	names := g.Claims.Names()
	former, err := g.Store.Orphans(ctx, names)
	if err != nil || len(former) == 0 || len(former) > mostFormer {
		return err
	}
	for _, m := range admitted {
		m.reader.compareWith(names)
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
			all, names = append(all, match), append(names, reader.name())
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

// admit returns the reader of a file that was not known, with its name claimed; nil where the file is not to be read,
// and p may say why.
func (g *Group) admit(match Match, same files, p *problemCounts) FileReader {
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
	if holder, free := g.Claims.Claim(reader.name(), g.Files.Location(match.Path)); !free {
		p.add(SameName, fmt.Sprintf("%s of %s and %s", reader.name(), store.Clean(match.Path, 100), store.Clean(holder, 100)))
		return nil
	}
	return reader
}

// rename has the store know the name of a file, and gives what it knows of it under another name to that.
func (g *Group) rename(ctx context.Context, match Match, reader FileReader) error {
	location, name := g.Files.Location(match.Path), reader.name()
	if old := g.former[location]; old != "" && old != name {
		if err := reader.rename(ctx, old); err != nil {
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
	g.unsaved[g.foundKey()+name] = location
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
			since, err := m.reader.failingSince(ctx)
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
		g.Claims.Release(m.reader.name())
		g.save(m.reader.name(), "")
	}
	return forgotten, nil
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
