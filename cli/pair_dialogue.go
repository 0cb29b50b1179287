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

// dialogue is the talk with the person at the terminal about one code.
type dialogue struct {
	env      app.Env
	config   *config.Config
	platform app.Commanded
	code     string
	ask      func() <-chan string // returns the lines typed from now on
	wrong    int                  // how many wrong codes came
}

// newCode returns a random code of msg.CodeDigits digits.
func newCode() string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(msg.CodeDigits), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return fmt.Sprintf("%0*d", msg.CodeDigits, n)
}

// wait prints the code, waits until somebody sends it to the bot, and returns who did, and from where. The error is
// errExpired, errTooMany, or one of connection.Pair.
func (d *dialogue) wait(ctx context.Context, connection msg.PairingConnection) (msg.PairAttempt, error) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	ready := func(self msg.Self) {
		d.invite(self, time.Now().Add(codeLives))
		expiry := time.AfterFunc(codeLives, func() { giveUp(errExpired) })
		context.AfterFunc(ctx, func() { expiry.Stop() })
	}
	return connection.Pair(ctx, ready, func(a msg.PairAttempt) bool {
		right := subtle.ConstantTimeCompare([]byte(a.Code), []byte(d.code)) == 1
		switch {
		case ctx.Err() != nil: // too late, or too many
			return false
		case right && a.Unfit == "":
			return true
		case right:
			fmt.Fprintf(d.env.Out, "The code came from %s, but %s, and send it again.\n", a, a.Unfit)
			return false
		}
		d.wrong++
		fmt.Fprintf(d.env.Out, "A wrong code came from %s (%d of %d).\n", a, d.wrong, wrongCodes)
		if d.wrong == wrongCodes {
			giveUp(errTooMany)
		}
		return false
	})
}

// invite prints the code and how to send it.
func (d *dialogue) invite(self msg.Self, until time.Time) {
	fmt.Fprintf(d.env.Out, "Pairing with @%s. This code is good until %s:\n\n    %s\n\n",
		self.Name, until.Format("15:04:05"), d.code)
	fmt.Fprint(d.env.Out, "Send it to the bot from where its alerts are to go:\n\n")
	fmt.Fprint(d.env.Out, d.platform.Invite(self, d.code))
	fmt.Fprint(d.env.Out, "\nThen confirm here. Ctrl-C gives up.\n\n")
}

// confirm asks the person at the terminal whether it was the right one who sent the code. Only "y" and "yes" mean yes.
func (d *dialogue) confirm(ctx context.Context, a msg.PairAttempt) bool {
	lines := d.ask() // before the question is printed: the answer may come at once
	fmt.Fprintf(d.env.Out, "The code came from %s.\n", a)
	fmt.Fprint(d.env.Out, "Shall the bot obey this person, and post its alerts there? [y/N] ")
	select {
	case line := <-lines:
		return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(line)))
	case <-ctx.Done():
		fmt.Fprintln(d.env.Out)
		return false
	}
}

// answers reads lines and drops them until the function that it returns is called, once: from then on that function's
// channel has them. What was typed before the question is no answer to it.
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

// apply prints the lines of the configuration that let in chat and person and, with write, writes them into its file.
func (d *dialogue) apply(write bool, entries []config.Entry) error {
	file := cmp.Or(d.env.File, config.DefaultFile)
	lines := "\n    " + strings.ReplaceAll(strings.TrimSpace(d.config.Lines(entries)), "\n", "\n    ") + "\n"
	missing := func(e config.Entry) bool { return !slices.Contains(d.config.Held(e), e.ID) }
	switch {
	case !slices.ContainsFunc(entries, missing):
		fmt.Fprintf(d.env.Out, "\n%s has them already:\n%s", file, lines)
		return nil
	case !write:
		fmt.Fprintf(d.env.Out,
			"\nPut this into %s, in place of the lines with these names (--write does it for you):\n%s", file, lines)
		return nil
	}
	if err := d.env.Config().Write(entries); err != nil {
		fmt.Fprintf(d.env.Out, "\nThese are the lines:\n%s", lines)
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w. Paste them, or pair as a user who may write there, such as root", err)
		}
		return err
	}
	fmt.Fprintf(d.env.Out, "\nWritten into %s:\n%s", file, lines)
	return nil
}
