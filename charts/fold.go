package charts

// fold returns the bars to draw: at most most named ones in their order, the rest as one bar, and the unknown one last.
// Plain bars are folded before friendly ones. A single bar is not folded, since the folded bar would take as much room.
// All values of the result are at least 0.
func fold(bars []Bar, most int) []Bar {
	var named []Bar
	var friends int
	var others, unknown Bar
	for _, b := range bars {
		b.Value = nonNegative(b.Value)
		switch b.Kind {
		case Unknown:
			unknown = merge(unknown, b)
		case Others:
			others = merge(others, b)
		case Friendly:
			friends++
			named = append(named, b)
		default:
			b.Kind = Plain
			named = append(named, b)
		}
	}
	if len(named) > most+1 || len(named) > most && others.Kind == Others {
		named, others = foldPlain(named, friends, most, others)
	}
	for _, b := range []Bar{others, unknown} {
		if b.Kind != Plain {
			named = append(named, b)
		}
	}
	return named
}

// foldPlain splits named into the bars to keep and the one for the rest.
func foldPlain(named []Bar, friends, most int, others Bar) (kept []Bar, rest Bar) {
	plain := max(most-friends, 0)
	friends = min(friends, most)
	known := others.Kind != Others // how many are in the folded bar
	folded := 0
	for _, b := range named {
		room := &plain
		if b.Kind == Friendly {
			room = &friends
		}
		if *room > 0 {
			*room--
			kept = append(kept, b)
			continue
		}
		folded++
		b.Kind, b.Label, b.Note = Others, "", ""
		others = merge(others, b)
	}
	others.Label = "Others"
	if known {
		others.Label = grouped(int64(folded)) + " others"
	}
	return kept, others
}

// merge adds b to sum. The result has the kind of b, and the label and note of sum if it has a label.
func merge(sum, b Bar) Bar {
	b.Value = addCapped(sum.Value, b.Value)
	if sum.Label != "" {
		b.Label, b.Note = sum.Label, sum.Note
	}
	return b
}

func total(bars []Bar) (total int64) {
	for _, b := range bars {
		total = addCapped(total, b.Value)
	}
	return total
}
