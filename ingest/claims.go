package ingest

import (
	"maps"
	"slices"
	"sync"
)

// Claims says which file has which name, over all sources: two files under one name would be taken for one file again
// and again. It may be used by several goroutines.
type Claims struct {
	mu     sync.Mutex
	byName map[string]string // the location of the file
}

// Claim takes the name for the file at a location. If another has it already, Claim returns where that is, and false.
func (c *Claims) Claim(name, location string) (holder string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if holder, taken := c.byName[name]; taken && holder != location {
		return holder, false
	}
	if c.byName == nil {
		c.byName = map[string]string{}
	}
	c.byName[name] = location
	return "", true
}

// Release gives the name back.
func (c *Claims) Release(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byName, name)
}

// Names returns all names that are taken.
func (c *Claims) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.byName))
}
