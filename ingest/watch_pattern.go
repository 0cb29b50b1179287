package ingest

import (
	"context"
	"errors"
	"os"
	"path"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// WatchPattern calls changed with the path of every file of this machine that matches the pattern and may have changed,
// until ctx ends; "" stands for any of them. One watcher watches all directories. Where it cannot watch them all, it
// calls limited once, and goes on with the others. It returns an error if this system cannot watch files. A caller that
// also looks at the files from time to time misses nothing.
func WatchPattern(ctx context.Context, p Pattern, changed func(file string), limited func(error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() //nolint:errcheck // nothing depends on it
	top, below := p.top()
	t := &tree{Watcher: w, levels: below, below: map[string]int{}, limited: limited}
	retry := time.NewTicker(watchRetry)
	defer retry.Stop()
	for {
		if _, watched := t.below[top]; !watched && t.watch(top, 0) {
			changed("") // for earlier changes
		}
		select {
		case <-ctx.Done():
			return nil
		case <-retry.C:
		case e, ok := <-w.Events:
			if !ok {
				return errors.New("watching has ended")
			}
			if file, is := t.event(e); is {
				changed(file)
			}
		case _, ok := <-w.Errors: // an overflow of events: any file may have changed
			if !ok {
				return errors.New("watching has ended")
			}
			changed("")
		}
	}
}

// tree is the directories in which files of a pattern are, or may come.
type tree struct {
	*fsnotify.Watcher
	levels  []level        // below the top
	below   map[string]int // of each directory that is watched, the level of the names in it
	limited func(error)    // nil: it was called
}

// watch watches a directory and those below it in which there may be files. It reports false if there is no such
// directory.
func (t *tree) watch(dir string, at int) bool {
	if t.levels[at].stars == nil && at < len(t.levels)-1 { // only what is below these names matters
		return t.watch(path.Join(dir, t.levels[at].names), at+1)
	}
	names := t.levels[at].names
	if parent := path.Dir(names); names != "" && parent != "." {
		dir = path.Join(dir, parent)
	}
	if err := t.Add(dir); err != nil {
		if t.limited != nil && !os.IsNotExist(err) && !os.IsPermission(err) {
			t.limited(err)
			t.limited = nil
		}
		return false
	}
	t.below[dir] = at
	if at == len(t.levels)-1 {
		return true
	}
	entries, _, err := LocalFiles{}.list(dir)
	if err != nil {
		return true // it is polled
	}
	for _, e := range entries {
		if _, ok := t.levels[at].match(e.name); ok && e.mayBe(false) {
			t.watch(path.Join(dir, e.name), at+1)
		}
	}
	return true
}

// event returns the file that an event is about, "" where it may be any, and whether it is about one at all.
func (t *tree) event(e fsnotify.Event) (file string, is bool) {
	if at, watched := t.below[e.Name]; watched && e.Has(fsnotify.Remove|fsnotify.Rename) {
		_ = t.Remove(e.Name) // it may come back
		delete(t.below, e.Name)
		return "", at >= 0
	}
	if e.Op == fsnotify.Chmod {
		return "", false
	}
	dir, name := path.Split(e.Name)
	at, watched := t.below[path.Clean(dir)]
	if !watched {
		return "", false
	}
	l := t.levels[at]
	if at < len(t.levels)-1 {
		if _, ok := l.match(name); !ok || e.Op == fsnotify.Write {
			return "", false
		}
		if e.Has(fsnotify.Create) {
			t.watch(e.Name, at+1)
		}
		return "", true
	}
	if l.stars != nil {
		_, ok := l.match(name)
		return e.Name, ok
	}
	live := path.Base(l.names)
	return path.Join(dir, live), strings.HasPrefix(name, live)
}
