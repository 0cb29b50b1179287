package charts

// fold returns the rows to draw: at most most named ones in their order, the rest as one, and the unknown one last.
// Bars of friends are folded after all others. A single bar is not folded, since the folded row would take as much
// room. All values of the result are valid.
func fold(bars []Bar, most int) []Bar {
	var named []Bar
	var friends int
	var others, unknown Bar
	for _, b := range bars {
		b.Value = nonNegative(b.Value)
		b.Friends = min(nonNegative(b.Friends), b.Value)
		switch b.Kind {
		case Unknown:
			unknown = merge(unknown, b)
		case Others:
			others = merge(others, b)
		default:
			b.Kind = Plain
			if b.Friends > 0 {
				friends++
			}
			named = append(named, b)
		}
	}
	if len(named) > most+1 || len(named) > most && others.Kind == Others {
		named, others = foldPlain(named, friends, most, others)
	}
	if others.Value == 0 { // what there was before is no row of its own
		others = Bar{}
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
	known := others.Value == 0 // how many are in the folded bar
	folded := 0
	for _, b := range named {
		room := &plain
		if b.Friends > 0 {
			room = &friends
		}
		if *room > 0 {
			*room--
			kept = append(kept, b)
			continue
		}
		folded++
		b.Kind, b.Label = Others, ""
		others = merge(others, b)
	}
	others.Label = "Others"
	if known {
		others.Label = grouped(int64(folded)) + " others"
	}
	return kept, others
}

// merge adds b to sum. The result has the kind of b, and the label of sum if it has one. What is said beside one of
// them is not said of both.
func merge(sum, b Bar) Bar {
	b.Value = addCapped(sum.Value, b.Value)
	b.Before = addCapped(nonNegative(sum.Before), nonNegative(b.Before))
	b.Friends = min(addCapped(sum.Friends, b.Friends), b.Value)
	if b.Beside = ""; sum.Label != "" {
		b.Label = sum.Label
	}
	return b
}

func total(bars []Bar) (total int64) {
	for _, b := range bars {
		total = addCapped(total, b.Value)
	}
	return total
}
