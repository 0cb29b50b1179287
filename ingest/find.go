package ingest

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"
	"syscall"
)

// Files is where the files of a pattern are.
type Files interface {
	// Find returns the files that match, ordered by path. Those that are known come first where there are too many. Its
	// error is that the directory above all stars cannot be listed.
	Find(ctx context.Context, p Pattern, known func(file string) bool) (Found, error)
	// At returns the source of one of the files, with the files beside it.
	At(file string) Source
	// Location is where a file is, for people and for comparing.
	Location(file string) string
}

// Found is what a pattern has found.
type Found struct {
	Files   []Match
	More    bool  // there are more of them than are read
	Rotated int   // files that match and are rotated ones of others
	Err     error // of a directory below that cannot be listed, the first one; nil: none
}

// Match is a file that a pattern matches.
type Match struct {
	Path  string
	Parts []string // what the stars stand for
	Info  Info     // zero where Err is set
	Err   error    // it may be there, and cannot be looked at
}

// mayBe reports whether the entry can be a file, or a directory.
func (e entry) mayBe(file bool) bool {
	switch {
	case e.mode&fs.ModeSymlink != 0:
		return true
	case file:
		return e.mode.IsRegular()
	}
	return e.mode.IsDir()
}

// Limits of what a pattern finds: files, and names in one directory.
const (
	MostFiles = 20_000
	mostNames = 5 * MostFiles
)

// machine is what Find needs of where the files are.
type machine interface {
	// each calls do for 0 to n-1, perhaps at once. Its error is that the machine cannot be asked.
	each(ctx context.Context, n int, do func(i int)) error
	// list returns the entries of a directory, and whether there are more.
	list(dir string) (entries []entry, more bool, err error)
	stat(file string) (Info, fs.FileMode, error)
}

// entry is a name in a directory.
type entry struct {
	name string
	mode fs.FileMode // its type at least; of a link, that it is one
}

// find is Files.Find.
func find(ctx context.Context, m machine, p Pattern, known func(string) bool) (Found, error) {
	f := finder{machine: m}
	top, below := p.top()
	dirs := []Match{{Path: top}}
	for i, l := range below {
		if l.stars == nil {
			for j := range dirs {
				dirs[j].Path = path.Join(dirs[j].Path, l.names)
			}
			continue
		}
		var err error
		if dirs, err = f.below(ctx, dirs, l, i == len(below)-1); err == nil && i == 0 {
			err = f.err
		}
		if err != nil {
			return Found{}, err
		}
	}
	if p.starInFile() {
		dirs = f.withoutRotated(dirs, known)
	}
	slices.SortFunc(dirs, func(a, b Match) int { return cmp.Compare(a.Path, b.Path) })
	if len(dirs) > MostFiles {
		f.more = true
		slices.SortStableFunc(dirs, func(a, b Match) int { return knownFirst(known(a.Path)) - knownFirst(known(b.Path)) })
		dirs = dirs[:MostFiles]
	}
	if err := f.statAll(ctx, dirs); err != nil {
		return Found{}, err
	}
	files := slices.DeleteFunc(dirs, func(m Match) bool { return m.Err == nil && m.Info.Name == "" })
	return Found{Files: files, More: f.more, Rotated: f.rotated, Err: f.err}, ctx.Err()
}

func knownFirst(known bool) int {
	if known {
		return 0
	}
	return 1
}

// finder is one Find.
type finder struct {
	machine
	mu      sync.Mutex
	more    bool
	rotated int
	err     error // the first
}

// below returns what matches the name in each of the directories: files, or directories that may hold some.
func (f *finder) below(ctx context.Context, dirs []Match, l level, file bool) (all []Match, err error) {
	err = f.each(ctx, len(dirs), func(i int) {
		entries, more, err := f.list(dirs[i].Path)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.more = f.more || more
		if err != nil {
			missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
			if f.err == nil && (!missing || len(dirs) == 1) {
				f.err = err
			}
			return
		}
		for _, e := range entries {
			parts, ok := l.match(e.name)
			if ok && e.mayBe(file) {
				all = append(all, Match{Path: path.Join(dirs[i].Path, e.name), Parts: slices.Concat(dirs[i].Parts, parts)})
			}
		}
	})
	return all, err
}

// withoutRotated drops the rotated files of files that match, or that did when they were last seen.
func (f *finder) withoutRotated(files []Match, known func(string) bool) []Match {
	there := make(map[string]bool, len(files))
	for _, m := range files {
		there[m.Path] = true
	}
	return slices.DeleteFunc(files, func(m Match) bool {
		dir, name := path.Split(m.Path)
		rotated := isRotated(name, func(live string) bool { return there[dir+live] || known(dir+live) })
		if rotated {
			f.rotated++
		}
		return rotated
	})
}

// statAll fills in what the files are. One that is not there, or is no file, gets nothing.
func (f *finder) statAll(ctx context.Context, files []Match) error {
	return f.each(ctx, len(files), func(i int) {
		m := &files[i]
		info, mode, err := f.stat(m.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		case err != nil:
			m.Err = err
		case mode.IsRegular():
			m.Info = info
		}
	})
}
