package evidence

import "slices"

// cluster is the names of one person, or one name of a dictionary.
type cluster struct {
	names    []string // folded
	text     string   // as it was tried most
	exists   Existence
	attempts int
}

// clustersOf puts names that are alike together.
func clustersOf(names []Name) (all []cluster) {
	for _, n := range names {
		c := cluster{names: []string{Fold(n.Text)}, text: n.Text, exists: n.Exists, attempts: n.Attempts}
		for i := 0; i < len(all); {
			if all[i].holds(c.names[0]) {
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

func (c cluster) holds(folded string) bool {
	return slices.ContainsFunc(c.names, func(name string) bool { return name == folded || alike(name, folded) })
}
