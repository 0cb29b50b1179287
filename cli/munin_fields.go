package cli

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"friendlyfire/store"
)

// muninJails is how many jails have a line of their own: those that became known first. All others share one.
const muninJails = 40

// muninField is a line of every graph.
type muninField struct {
	name  string // unique among the fields; a jail's never changes
	label string
	jail  string
	rest  bool // the line of all jails without one of their own; jail is ""
}

// take removes the field's jail from the counts and returns its number, "U" if it is unknown. The field of the rest
// takes all that is left, so it must be the last; it is unknown if all of that is.
func (f muninField) take(counts map[string]int64) string {
	of := counts
	if !f.rest {
		of = map[string]int64{f.jail: counts[f.jail]}
		delete(counts, f.jail)
	}
	sum, known := int64(0), len(of) == 0
	for _, n := range of {
		if n != unknown {
			sum, known = sum+n, true
		}
	}
	if !known {
		return "U"
	}
	return strconv.FormatInt(sum, 10)
}

// muninFields returns the fields of all graphs: there is at least one, and the rest comes last.
func muninFields(ctx context.Context, s *store.Store) (fields []muninField, err error) {
	jails, err := s.Jails(ctx, muninJails+1)
	if err != nil {
		return nil, err
	}
	rest := len(jails) == 0 || len(jails) > muninJails // Munin complains about a graph without a line
	taken := map[string]bool{}
	for _, jail := range jails[:min(muninJails, len(jails))] {
		if store.HoldsAddress(jail) {
			rest = true
			continue
		}
		name := muninName(jail)
		if taken[name] {
			h := fnv.New32a()
			h.Write([]byte(jail))
			name = fmt.Sprintf("%s_%08x", name, h.Sum32())
		}
		taken[name] = true
		fields = append(fields, muninField{name: name, label: muninLabel(jail), jail: jail})
	}
	if rest {
		fields = append(fields, muninField{name: "other", label: "other jails", rest: true})
	}
	return fields, nil
}

// muninName turns the name of a jail into that of a field: a letter, then letters, digits and underscores. With "jail_"
// in front it is none of the names that Munin reserves.
func muninName(jail string) string {
	return "jail_" + strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, cmp.Or(jail, "unnamed"))
}

// muninLabel returns the name of a jail without the characters that mean something in Munin's configuration.
func muninLabel(jail string) string {
	jail = strings.NewReplacer(`\`, "_", "#", "_", "$", "_").Replace(jail)
	return cmp.Or(store.Clean(jail, 30), "unnamed jail")
}
