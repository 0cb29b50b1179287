package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"friendlyfire/app"
)

// errGivenUp ends a talk before anything is changed.
var errGivenUp = errors.New("given up; nothing is changed")

// questions asks the person at the terminal, in plain lines: serial consoles and screen readers have no more. Each
// question has an answer in brackets that Enter gives.
type questions struct {
	in  io.Reader // nil: nobody is there, and Enter is the answer to everything
	out io.Writer
}

// typed returns one line. It reads no further than that, so that nothing typed ahead is lost.
func (q questions) typed(ctx context.Context, read func(io.Reader) (string, error)) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read(q.in)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return "", errGivenUp
		}
		return strings.TrimSpace(a.line), nil
	case <-ctx.Done():
		fmt.Fprintln(q.out)
		return "", errGivenUp
	}
}

func readLine(in io.Reader) (string, error) {
	var line bytes.Buffer
	for one := make([]byte, 1); ; {
		switch n, err := in.Read(one); {
		case err != nil:
			return "", err
		case n == 1 && one[0] == '\n':
			return line.String(), nil
		case n == 1:
			line.WriteByte(one[0])
		}
	}
}

// text asks until the answer is valid. With nobody there, an answer that is not valid is an error.
func (q questions) text(ctx context.Context, question, usual string, valid func(string) error) (string, error) {
	for {
		fmt.Fprintf(q.out, "%s [%s] ", question, usual)
		answer := usual
		if q.in == nil {
			fmt.Fprintln(q.out)
		} else if line, err := q.typed(ctx, readLine); err != nil {
			return "", err
		} else if line != "" {
			answer = line
		}
		err := valid(answer)
		if err == nil || q.in == nil {
			return answer, err
		}
		fmt.Fprintf(q.out, "  %v\n", err)
	}
}

// yes asks a question whose answer is yes or no.
func (q questions) yes(ctx context.Context, question string, usual bool) (bool, error) {
	letter := map[bool]string{true: "yes", false: "no"}[usual]
	answer, err := q.text(ctx, question, letter, func(s string) error {
		if !slices.Contains([]string{"y", "yes", "n", "no"}, strings.ToLower(s)) {
			return errors.New("yes or no?")
		}
		return nil
	})
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}

// secret asks for a line that is not shown while it is typed.
func (q questions) secret(ctx context.Context, question string) (string, error) {
	fmt.Fprint(q.out, question+" ")
	read := readLine
	if app.IsTerminal(q.in) {
		fd := int(q.in.(*os.File).Fd()) //nolint:forcetypeassert,gosec // a terminal is a file, and a descriptor fits
		shown, err := term.GetState(fd)
		if err != nil {
			return "", err
		}
		defer term.Restore(fd, shown) //nolint:errcheck // Ctrl-C, or it is as it was
		read = func(io.Reader) (string, error) {
			line, err := term.ReadPassword(fd)
			return string(line), err
		}
	}
	line, err := q.typed(ctx, read)
	fmt.Fprintln(q.out)
	return line, err
}
