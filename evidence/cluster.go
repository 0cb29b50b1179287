package evidence

import (
	"slices"
	"strings"
)

// cluster is the names of one person, or one name of a dictionary.
type cluster struct {
	names    []string // folded
	text     string   // as it was tried most
	exists   Existence
	attempts int
	listed   bool // of a dictionary, and so of nobody
}

// clustersOf puts names that are alike together.
func clustersOf(names []Name) (all []cluster) {
	for _, n := range names {
		name := Fold(n.Text)
		c := cluster{names: []string{name}, text: n.Text, exists: n.Exists, attempts: n.Attempts}
		c.listed = guess(name) || role(name)
		for i := 0; i < len(all); {
			if all[i].holds(name) || !c.listed && all[i].alike(name) || all[i].numbered(name) {
				c = all[i].with(c)
				all = slices.Delete(all, i, i+1)
				continue
			}
			i++
		}
		all = append(all, c)
	}
	return composed(all)
}

// composed puts names together of which one is made of the others' beginnings: jm, jomaes and johanm are made of johan
// and maes, by somebody who does not remember how his account is called. A long list is nobody's memory.
func composed(all []cluster) []cluster {
	const long = 8
	if len(all) > long {
		return all
	}
	for n, c := range all {
		for i, head := range all {
			for j, tail := range all {
				if n == i || n == j || i == j || c.listed || head.listed || tail.listed || !c.made(head, tail) {
					continue
				}
				all[n] = c.with(head).with(tail)
				all = slices.Delete(all, max(i, j), max(i, j)+1)
				return composed(slices.Delete(all, min(i, j), min(i, j)+1))
			}
		}
	}
	return all
}

// made reports whether a name of the cluster is a beginning of the one's and a beginning of the other's names.
func (c cluster) made(head, tail cluster) bool {
	for _, name := range c.names {
		for _, first := range head.names {
			for n := 1; n < len(name) && n <= len(first) && name[n-1] == first[n-1]; n++ {
				rest := strings.TrimLeft(name[n:], "._-")
				if rest != "" && slices.ContainsFunc(tail.names, func(s string) bool { return strings.HasPrefix(s, rest) }) {
					return true
				}
			}
		}
	}
	return false
}

// with is both clusters. The name of an account that exists stands for all that are alike.
func (c cluster) with(other cluster) cluster {
	for _, name := range other.names {
		if !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	if c.exists != Exists && other.exists == Exists || c.exists == other.exists && other.attempts > c.attempts {
		c.text = other.text
	}
	if c.exists == Unsaid || other.exists == Exists {
		c.exists = other.exists
	}
	c.attempts += other.attempts
	return c
}

// holds reports whether the cluster is of this folded name.
func (c cluster) holds(folded string) bool { return slices.Contains(c.names, folded) }

// alike reports whether the folded name, which is of no dictionary, can be of the cluster's person.
func (c cluster) alike(folded string) bool {
	return !c.listed && slices.ContainsFunc(c.names, func(name string) bool { return alike(name, folded) })
}

// numbered reports whether the folded name is that of accounts that people have by numbers: student04 and student17 are
// of one room.
func (c cluster) numbered(folded string) bool {
	const digits = "0123456789"
	base := strings.TrimRight(folded, digits)
	return base != folded && roleNames[base] && slices.ContainsFunc(c.names, func(name string) bool {
		return name != base && strings.TrimRight(name, digits) == base
	})
}
