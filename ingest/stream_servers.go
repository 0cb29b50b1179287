package ingest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"friendlyfire/store"
)

// forgottenAfter is how long a server of a stream is missed that is not heard any more, as a file of a pattern is.
const forgottenAfter = 7 * 24 * time.Hour

// servers are those of a stream whose agents say that they run.
type servers struct {
	mu  sync.Mutex
	all map[string]time.Time // when each was last heard
}

// load asks the store for those of the stream.
func (s *servers) load(ctx context.Context, db *store.Store, name string) error {
	known, err := db.Servers(ctx, time.Now().Add(-forgottenAfter))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = map[string]time.Time{}
	for _, one := range known {
		if one.Stream == name {
			s.all[one.Name] = one.Heard
		}
	}
	return nil
}

// heard notes whose agents are heard in a batch.
func (s *servers) heard(b *store.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, h := range b.Heard {
		if h.Alive {
			s.all[name] = b.ReadAt
		}
	}
}

// Servers returns the names of the servers whose agents were heard within a week. It may be called at any time.
func (r *StreamReader) Servers() []string {
	r.servers.mu.Lock()
	defer r.servers.mu.Unlock()
	maps.DeleteFunc(r.servers.all, func(_ string, at time.Time) bool { return time.Since(at) > forgottenAfter })
	return slices.Sorted(maps.Keys(r.servers.all))
}
