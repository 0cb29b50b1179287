package ingest

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watchAgain is how long Watch waits until it tries again to watch a directory that it could not.
const watchAgain = 5 * time.Second

// Watch calls wake whenever the file at path may have changed, until ctx ends. It watches the directory, since a
// watch on the file would stay with it when log rotation renames it. While there is no directory it waits for one.
// The error is that nothing can be watched on this system; whoever polls the file misses nothing.
func Watch(ctx context.Context, path string, wake func()) error {
	dir, file := filepath.Split(filepath.Clean(path))
	dir = filepath.Clean(dir)
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() //nolint:errcheck // nothing is lost with it
	watched := false
	retry := time.NewTicker(watchAgain)
	defer retry.Stop()
	for {
		if !watched && w.Add(dir) == nil {
			watched = true
			wake() // what came before
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
		case _, ok := <-w.Errors: // more changes than could be told: any file's
			if !ok {
				return errors.New("watching has ended")
			}
			wake()
		}
	}
}
