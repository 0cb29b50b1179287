package evidence

import "slices"

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
			if all[i].holds(name) || !c.listed && all[i].alike(name) {
				c = all[i].with(c)
				all = slices.Delete(all, i, i+1)
				continue
			}
			i++
		}
		all = append(all, c)
	}
	return all
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
