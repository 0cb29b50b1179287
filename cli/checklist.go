package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// checklist prints the results of check as they come in, and counts the problems.
type checklist struct {
	out      io.Writer
	env      app.Env // which says of what configuration an advice is
	problems int
	notes    int
	privacy  privacy
	states   map[string]store.SourceStatus // of what was read, once somebody has asked
}

// state returns what has been read of a source.
func (l *checklist) state(ctx context.Context, s *store.Store, name string) (store.SourceStatus, error) {
	if l.states == nil {
		all, err := s.Sources(ctx)
		if err != nil {
			return store.SourceStatus{}, err
		}
		l.states = make(map[string]store.SourceStatus, len(all))
		for _, one := range all {
			l.states[one.Name] = one
		}
	}
	return l.states[name], nil
}

// print prints a line of which nothing is private.
func (l *checklist) print(kind, text string) {
	fmt.Fprintf(l.out, "%-9s%s\n", kind, l.privacy.text(asTyped(l.env, text)))
}

// ok prints that a thing is in order.
func (l *checklist) ok(what, format string, args ...any) {
	l.print("ok", what+": "+fmt.Sprintf(format, args...))
}

// note prints that a thing works and could be better.
func (l *checklist) note(what, finding, advice string) {
	l.notes++
	l.print("note", what+": "+finding)
	l.advise(advice)
}

// problem prints what is wrong with a thing; advice may have several lines or be "".
func (l *checklist) problem(what string, err error, advice string) {
	l.problems++
	l.print("PROBLEM", what+": "+err.Error())
	l.advise(advice)
}

// inWords is an error in the words that the chats are told it in. One without words stays as it is: here is nobody who
// would look into the log for it.
func inWords(err error) error {
	if reach, ok := errors.AsType[*msg.ReachError](err); ok {
		return reach
	}
	err = msg.Cause(err)
	if r := bot.ReasonOf(err.Error()); r.Known() {
		return errors.New(r.Says)
	}
	return err
}

// advise prints the lines of the advice under what they are about.
func (l *checklist) advise(advice string) {
	for line := range strings.Lines(advice) {
		l.print("", strings.TrimSuffix(line, "\n"))
	}
}

// end prints that everything is in order or, if it is not, returns that as an error.
func (l *checklist) end() error {
	if l.problems == 0 {
		fmt.Fprintln(l.out, "Everything is in order.")
		return nil
	}
	return errors.New("not everything is in order, see above")
}
