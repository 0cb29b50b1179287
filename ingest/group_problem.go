package ingest

import (
	"fmt"
)

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

// Problems returns what keeps files from being read, by the last look.
func (g *Group) Problems() []Problem {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.problems
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
