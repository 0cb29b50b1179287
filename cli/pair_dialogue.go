package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"slices"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// pairer is one dialogue.
type pairer struct {
	env      app.Env
	config   *config.Config
	platform app.Platform
	code     string
	ask      func() <-chan string // what is typed from now on
	wrong    int
}

// newCode returns a code that nobody can guess.
func newCode() string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(msg.CodeDigits), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return fmt.Sprintf("%0*d", msg.CodeDigits, n)
}

// wait prints the code and returns who has sent it from where.
func (p *pairer) wait(ctx context.Context, connection msg.PairingConnection) (msg.PairAttempt, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ready := func(self msg.Self) {
		p.invite(self, time.Now().Add(codeLives))
		expiry := time.AfterFunc(codeLives, func() { end(errExpired) })
		context.AfterFunc(ctx, func() { expiry.Stop() })
	}
	return connection.Pair(ctx, ready, func(a msg.PairAttempt) bool {
		right := subtle.ConstantTimeCompare([]byte(a.Code), []byte(p.code)) == 1
		switch {
		case ctx.Err() != nil: // too late, or too many
			return false
		case right && a.Unfit == "":
			return true
		case right:
			fmt.Fprintf(p.env.Out, "The code came from %s, but %s, and send it again.\n", a, a.Unfit)
			return false
		}
		p.wrong++
		fmt.Fprintf(p.env.Out, "A wrong code came from %s (%d of %d).\n", a, p.wrong, wrongCodes)
		if p.wrong == wrongCodes {
			end(errTooMany)
		}
		return false
	})
}

// invite says how the code is sent.
func (p *pairer) invite(self msg.Self, until time.Time) {
	fmt.Fprintf(p.env.Out, "Pairing with @%s. This code is good until %s:\n\n    %s\n\nSend it to the bot from where its alerts are to go:\n\n",
		self.Name, until.Format("15:04:05"), p.code)
	fmt.Fprint(p.env.Out, p.platform.Invite(self, p.code))
	fmt.Fprint(p.env.Out, "\nThen confirm here. Ctrl-C gives up.\n\n")
}

// confirm asks the person at the terminal. Only a yes is one.
func (p *pairer) confirm(ctx context.Context, a msg.PairAttempt) bool {
	lines := p.ask() // before the question: the answer may be there at once
	fmt.Fprintf(p.env.Out, "The code came from %s.\nShall the bot obey this person, and post its alerts there? [y/N] ", a)
	select {
	case line := <-lines:
		return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(line)))
	case <-ctx.Done():
		fmt.Fprintln(p.env.Out)
		return false
	}
}

// answers reads lines. It returns a function that begins to hand them over, once: what was typed before is nobody's answer.
func answers(in io.Reader) (ask func() <-chan string) {
	lines, asked := make(chan string), make(chan struct{})
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case <-asked:
				lines <- scanner.Text()
			default:
			}
		}
	}()
	return func() <-chan string {
		close(asked)
		return lines
	}
}

// apply prints the lines, or writes them.
func (p *pairer) apply(write bool, entries []config.Entry) error {
	file := cmp.Or(p.env.File, config.DefaultFile)
	lines := "\n    " + strings.ReplaceAll(strings.TrimSpace(p.config.Lines(entries)), "\n", "\n    ") + "\n"
	missing := func(e config.Entry) bool { return !slices.Contains(p.config.Held(e), e.ID) }
	switch {
	case !slices.ContainsFunc(entries, missing):
		fmt.Fprintf(p.env.Out, "\n%s has them already:\n%s", file, lines)
		return nil
	case !write:
		fmt.Fprintf(p.env.Out, "\nPut this into %s, in place of the lines with these names (--write does it for you):\n%s", file, lines)
		return nil
	}
	if err := p.env.Config().Write(entries); err != nil {
		fmt.Fprintf(p.env.Out, "\nThese are the lines:\n%s", lines)
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w. Paste them, or pair as a user who may write there, such as root", err)
		}
		return err
	}
	fmt.Fprintf(p.env.Out, "\nWritten into %s:\n%s", file, lines)
	return nil
}
