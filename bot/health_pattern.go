package bot

import (
	"context"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Pattern is a source that stands for many files.
type Pattern struct {
	Name     string // the path with its stars
	Problems []PatternProblem
}

// PatternProblem keeps files of a pattern from being read.
type PatternProblem struct {
	Kind string // one of few
	Says string // examples
}

// Finding is the problem in words, without the pattern.
func (p PatternProblem) Finding() string {
	switch p.Kind {
	case "nothing":
		return "no file matches it"
	case "unlisted":
		return "files cannot be looked for: " + ReasonOf(p.Says).Says
	case "name":
		return "files cannot be named: " + p.Says
	case "same name":
		return "two files have one name, and only the first is read: " + p.Says
	case "same file":
		return "a file is there twice, and is read once: " + p.Says
	}
	return "it matches " + p.Says + " files, and the others are not read"
}

// patternProblems are the kinds there are.
var patternProblems = []string{"nothing", "unlisted", "name", "same name", "same file", "too many"}

// tellOfPatterns tells of patterns of which files cannot be read.
func (h *Health) tellOfPatterns(ctx context.Context) error {
	if h.Patterns == nil || time.Since(h.Started) <= time.Minute && !h.Once {
		return nil // they have not been looked for yet
	}
	kept, err := h.Store.Values(ctx, "health/pattern/")
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range h.Patterns() {
		for _, kind := range patternProblems {
			i := slices.IndexFunc(p.Problems, func(problem PatternProblem) bool { return problem.Kind == kind })
			what := "pattern/" + kind + "/" + p.Name
			if (i >= 0) == (kept["health/"+what] != "") {
				continue
			}
			var begun msg.Text
			if i >= 0 {
				begun = headed(store.Clean(p.Name, 150), ": "+p.Problems[i].Finding())
			}
			errs = append(errs, h.tell(ctx, what, i >= 0, h.Chats, begun,
				headed(store.Clean(p.Name, 150), ": "+overOf(kind))))
		}
	}
	return joinedFew(errs)
}

// overOf says that a problem of a pattern is over.
func overOf(kind string) string {
	switch kind {
	case "nothing":
		return "files match it again"
	case "unlisted":
		return "files can be looked for again"
	}
	return "all its files are read"
}
