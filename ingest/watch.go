package ingest

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watchRetry is how often Watch retries to watch a missing directory.
const watchRetry = 5 * time.Second

// Watch calls wake whenever the file at path may have changed, until ctx ends. It watches the directory, since a watch
// on the file would follow the file when log rotation renames it. It waits for a missing directory to appear.
// It returns an error if this system cannot watch files; a caller that also polls the file misses nothing.
func Watch(ctx context.Context, path string, wake func()) error {
	dir, file := filepath.Split(filepath.Clean(path))
	dir = filepath.Clean(dir)
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() //nolint:errcheck // nothing depends on it
	watched := false
	retry := time.NewTicker(watchRetry)
	defer retry.Stop()
	for {
		if !watched && w.Add(dir) == nil {
			watched = true
			wake() // for earlier changes
		}
		select {
		case <-ctx.Done():
			return nil
		case <-retry.C:
		case e, ok := <-w.Events:
			if !ok {
				return errors.New("watching has ended")
			}
			if e.Name == dir && e.Has(fsnotify.Remove|fsnotify.Rename) { // it may come back
				_ = w.Remove(dir)
				watched = false
			}
			if strings.HasPrefix(filepath.Base(e.Name), file) && !e.Has(fsnotify.Chmod) {
				wake()
			}
		case _, ok := <-w.Errors: // an overflow of events: any file may have changed
			if !ok {
				return errors.New("watching has ended")
			}
			wake()
		}
	}
}
