package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
)

// fewFiles is of how many files of a pattern each gets its lines; of more, those that are not in order do.
const fewFiles = 10

// checkPattern looks at the files that a pattern matches now.
func checkPattern(ctx context.Context, list *checklist, a *app.App, c config.Source) {
	what := "pattern " + c.Location()
	found, err := a.Match(ctx, c)
	if err != nil {
		list.problem(what, inWords(err), adviceForSource(ctx, c, err))
		return
	}
	tellOfProblems(list, what, found.Problems)
	for _, one := range found.Sources {
		list.privacy.hide(one.Name)
	}
	checkFound(list, what, len(found.Sources), func(list *checklist, i int) { checkSource(ctx, list, a, found.Sources[i]) })
}

// checkLoginPattern is checkPattern for files of logins.
func checkLoginPattern(ctx context.Context, list *checklist, a *app.App, l config.Logins) {
	place := l.Source()
	what := "logins of " + place.Location()
	found, err := a.MatchLogins(ctx, l)
	if err != nil {
		list.problem(what, inWords(err), adviceForLogins(ctx, l, err))
		return
	}
	tellOfProblems(list, what, found.Problems)
	for _, one := range found.Logins {
		list.privacy.hide(one.Name)
	}
	checkFound(list, what, len(found.Logins), func(list *checklist, i int) { checkLogins(ctx, list, a, found.Logins[i]) })
}

// tellOfProblems says what keeps files of a pattern from being read.
func tellOfProblems(list *checklist, what string, problems []bot.PatternProblem) {
	for _, p := range problems {
		advice := ""
		if p.Kind == "nothing" {
			advice = "Do the stars stand for the right names? They may be in any part of the path, and each is within one directory."
		}
		list.problem(what, errors.New(p.Finding()), advice)
	}
}

// checkFound checks each of the n files of a pattern.
func checkFound(list *checklist, what string, n int, check func(list *checklist, i int)) {
	if n <= fewFiles {
		for i := range n {
			check(list, i)
		}
		return
	}
	var unwell bytes.Buffer
	told, left := 0, 0
	for i := range n {
		var lines bytes.Buffer
		part := &checklist{out: &lines, env: list.env, privacy: list.privacy, states: list.states}
		check(part, i)
		list.problems, list.states = list.problems+part.problems, part.states
		switch {
		case part.problems == 0 && part.notes == 0:
		case told < fewFiles:
			told++
			unwell.Write(lines.Bytes())
		default:
			left++
		}
	}
	if told == 0 {
		list.ok(what, "%s servers, each in order", bot.Number(n))
		return
	}
	list.print("note", fmt.Sprintf("%s: %s servers, of which these are not in order:", what, bot.Number(n)))
	list.out.Write(unwell.Bytes()) //nolint:errcheck // as all that check prints
	if left > 0 {
		list.advise("and " + bot.Number(left) + " more")
	}
}
