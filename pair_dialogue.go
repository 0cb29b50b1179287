package main

import (
	"bufio"
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

	"friendlyfire/bot/msg"
)

// pairer is one dialogue.
type pairer struct {
	out      io.Writer
	platform string
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
func (p *pairer) wait(ctx context.Context, platform pairable) (msg.PairAttempt, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ready := func(self msg.Self) {
		p.invite(self, time.Now().Add(codeLives))
		expiry := time.AfterFunc(codeLives, func() { end(errExpired) })
		context.AfterFunc(ctx, func() { expiry.Stop() })
	}
	return platform.Pair(ctx, ready, func(a msg.PairAttempt) bool {
		right := subtle.ConstantTimeCompare([]byte(a.Code), []byte(p.code)) == 1
		switch {
		case ctx.Err() != nil: // too late, or too many
			return false
		case right && a.Unfit == "":
			return true
		case right:
			fmt.Fprintf(p.out, "The code came from %s, but %s, and send it again.\n", person(a), a.Unfit)
			return false
		}
		p.wrong++
		fmt.Fprintf(p.out, "A wrong code came from %s (%d of %d).\n", person(a), p.wrong, wrongCodes)
		if p.wrong == wrongCodes {
			end(errTooMany)
		}
		return false
	})
}

// invite says how the code is sent.
func (p *pairer) invite(self msg.Self, until time.Time) {
	fmt.Fprintf(p.out, "Pairing with @%s. This code is good until %s:\n\n    %s\n\nSend it to the bot from where its alerts are to go:\n\n",
		self.Name, until.Format("15:04:05"), p.code)
	if p.platform == "telegram" {
		fmt.Fprintf(p.out, `  to you alone:  open https://t.me/%[1]s?start=%[2]s and press Start
  to a group:    open https://t.me/%[1]s?startgroup=%[2]s and choose the group
  to a group or topic that the bot is in:  write there  /pair@%[1]s %[2]s
`, self.Name, p.code)
	} else {
		link := "https://discord.com/oauth2/authorize?client_id=" + self.App + "&scope=bot+applications.commands&permissions=35840"
		if self.Alone {
			fmt.Fprintf(p.out, "  The bot is in no server yet. Invite it first:\n  %s\n\n", link)
		}
		fmt.Fprintf(p.out, "  write in the channel:  @%s %s\n"+
			"  Choose the bot from the names that Discord proposes, not a role of the same name.\n", self.Name, p.code)
		if !self.Alone {
			fmt.Fprintf(p.out, "\n  The bot is invited to a server, or given its permissions there, by\n  %s\n", link)
		}
	}
	fmt.Fprint(p.out, "\nThen confirm here. Ctrl-C gives up.\n\n")
}

// person is how the sender of a code is shown. The names are his own choice, the numbers are the platform's word.
func person(a msg.PairAttempt) string {
	s := fmt.Sprintf("%s (user %s)", a.UserName, a.User)
	chat, topic, _ := strings.Cut(a.Chat, "/")
	switch {
	case a.ChatName != "" && topic != "":
		return s + fmt.Sprintf(" in “%s” (chat %s, topic %s)", a.ChatName, chat, topic)
	case a.ChatName != "":
		return s + fmt.Sprintf(" in “%s” (chat %s)", a.ChatName, chat)
	case a.Chat == a.User:
		return s + " in a chat with the bot alone"
	}
	return s + " in chat " + a.Chat
}

// confirm asks the person at the terminal. Only a yes is one.
func (p *pairer) confirm(ctx context.Context, a msg.PairAttempt) bool {
	lines := p.ask() // before the question: the answer may be there at once
	fmt.Fprintf(p.out, "The code came from %s.\nShall the bot obey this person, and post its alerts there? [y/N] ", person(a))
	select {
	case line := <-lines:
		return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(line)))
	case <-ctx.Done():
		fmt.Fprintln(p.out)
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

// entries are what the configuration is to hold.
func (p *pairer) entries(c *Config, a msg.PairAttempt) ([]entry, error) {
	if p.platform == "telegram" {
		return []entry{{"telegram", "chats", a.Chat, false}, {"telegram", "users", a.User, false}}, nil
	}
	if guild := c.Discord.Guild; guild != "" && guild != a.Guild {
		return nil, fmt.Errorf("the code came from %s, which is in server %s, and discord.guild is %s: commands are heard in one server only. "+
			"Send the code in a channel of that server, or empty discord.guild first", person(a), a.Guild, guild)
	}
	return []entry{{"discord", "channels", a.Chat, false}, {"discord", "users", a.User, false}, {"discord", "guild", a.Guild, true}}, nil
}

// settle prints the lines, or writes them.
func (p *pairer) settle(c *Config, file string, write bool, entries []entry) error {
	if file == "" {
		file = DefaultConfigFile
	}
	lines := "\n    " + strings.ReplaceAll(strings.TrimSpace(c.lines(entries)), "\n", "\n    ") + "\n"
	switch {
	case !slices.ContainsFunc(entries, func(e entry) bool { return !slices.Contains(c.held(e), e.id) }):
		fmt.Fprintf(p.out, "\n%s has them already:\n%s", file, lines)
		return nil
	case !write:
		fmt.Fprintf(p.out, "\nPut this into %s, in place of the lines with these names (--write does it for you):\n%s", file, lines)
		return nil
	}
	if err := writeConfig(file, entries); err != nil {
		fmt.Fprintf(p.out, "\nThese are the lines:\n%s", lines)
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w. Paste them, or pair as a user who may write there, such as root", err)
		}
		return err
	}
	fmt.Fprintf(p.out, "\nWritten into %s:\n%s", file, lines)
	return nil
}
