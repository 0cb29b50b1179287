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
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/bot"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/telegram"
)

const (
	codeLives  = 10 * time.Minute
	wrongCodes = 5 // and the code is void
)

func pairCommand(file *string, s streams, w world) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use: "pair telegram|discord", Short: "Let in the chat and the person that send a one-time code to the bot",
		ValidArgs: []string{"telegram", "discord"},
		Args: validate(func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(cmd.ValidArgs, args[0]) {
				return errors.New("want friendlyfire pair telegram, or friendlyfire pair discord")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isTerminal(s.in) {
				return errors.New("pair asks you who is let in: run it in a terminal, not in a pipe or a script")
			}
			return pair(cmd.Context(), *file, args[0], write, s, w)
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "write the lines into the configuration file")
	return cmd
}

// pairable is a platform while it is being paired.
type pairable interface {
	Pair(ctx context.Context, ready func(bot.Self), heard func(bot.Attempt) bool) (bot.Attempt, error)
	Send(ctx context.Context, chat string, m bot.Message) error
}

var (
	errExpired = fmt.Errorf("nobody sent the code within %d minutes, so it is void; run the command again for a new one", int(codeLives.Minutes()))
	errTooMany = fmt.Errorf("%d wrong codes, so the right one is void; run the command again for a new one", wrongCodes)
)

// pair finds out, with a code, where the bot is to speak and whom it is to obey.
func pair(ctx context.Context, file, name string, write bool, s streams, w world) error {
	c, err := LoadToPair(file)
	if err != nil {
		return err
	}
	release, err := holdDatabase(c.Database)
	if err != nil {
		return err
	}
	defer release()
	platform, closing, err := pairingPlatform(ctx, c, name, w)
	if err != nil {
		return err
	}
	defer closing()

	p := &pairer{out: s.out, platform: name, code: newCode(), lines: answers(s.in)}
	found, err := p.wait(ctx, platform)
	if err != nil {
		return explain(err, name)
	}
	entries, err := p.entries(c, found)
	if err != nil {
		return err
	}
	if !p.confirm(ctx, found) {
		return errors.New("nobody was let in and nothing is changed; the code is void, run the command again for a new one")
	}
	flag := ""
	if file != "" {
		flag = " --config " + shellQuote(file)
	}
	if err := p.settle(c, file, write, entries); err != nil {
		return err
	}
	greeting := bot.Message{Text: bot.Text{{Text: "Paired.", Style: bot.Bold}, {Text: " Alerts and digests come here as soon as the bot runs."}}}
	if err := platform.Send(ctx, found.Chat, greeting); err != nil {
		fmt.Fprintf(p.out, "\nThe bot cannot post there yet: %v.\n%s\n", plainly(err), adviceForChat[name])
	} else {
		fmt.Fprintln(p.out, "\nThe bot has said so in the chat.")
	}
	fmt.Fprintf(p.out, "Next, see whether everything is in order, and then start the bot:\n\n    friendlyfire%s check --send\n", flag)
	return nil
}

// pairingPlatform makes the platform to be paired, and what closes it.
func pairingPlatform(ctx context.Context, c *Config, name string, w world) (p pairable, closing func(), err error) {
	none := func(key, env, where string) error {
		return &ConfigError{Mistakes: []Mistake{{
			File: c.File, Key: key,
			Text: fmt.Sprintf("there is no token to pair with. %s, put it alone into a file (chmod 600), and name that file here, or set %s in the environment", where, env),
		}}}
	}
	if name == "telegram" {
		if c.Telegram.Token.Empty() {
			return nil, nil, none("telegram.token_file", "FRIENDLYFIRE_TELEGRAM_TOKEN", "Send /newbot to @BotFather in Telegram to get one")
		}
		t, err := telegram.New(c.Telegram.Token.Reveal(), c.Telegram.API, w.client())
		return t, func() {}, err
	}
	if c.Discord.Token.Empty() {
		return nil, nil, none("discord.token_file", "FRIENDLYFIRE_DISCORD_TOKEN",
			"Make an application at https://discord.com/developers/applications and press Bot, Reset Token to get one")
	}
	d, err := discord.New(c.Discord.Token.Reveal(), c.Discord.API, w.dial)
	if err != nil {
		return nil, nil, err
	}
	if d.Store, err = openStore(ctx, c); err != nil { // it counts how often the bot identifies itself
		return nil, nil, err
	}
	return d, func() { _ = d.Store.Close() }, nil
}

// holdDatabase keeps a bot from running meanwhile, and says so when one does. It makes no file: whoever pairs may be
// another user than the one who runs the bot.
func holdDatabase(database string) (release func(), err error) {
	f, err := os.OpenFile(database+".lock", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() {}, nil // the platform will tell
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits
		f.Close()
		return nil, errors.New("the bot is running, and what is said to it would not come here. " + stopFirst)
	}
	return func() { f.Close() }, nil
}

const stopFirst = "Stop it (systemctl stop friendlyfire, or Ctrl-C where it runs), pair, and start it again"

// pairer is one dialogue.
type pairer struct {
	out      io.Writer
	platform string
	code     string
	lines    <-chan string // typed while one is asked for
	wrong    int
}

// newCode returns a code that nobody can guess.
func newCode() string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(bot.CodeDigits), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return fmt.Sprintf("%0*d", bot.CodeDigits, n)
}

// wait prints the code and returns who has sent it from where.
func (p *pairer) wait(ctx context.Context, platform pairable) (bot.Attempt, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ready := func(self bot.Self) {
		p.invite(self, time.Now().Add(codeLives))
		expiry := time.AfterFunc(codeLives, func() { end(errExpired) })
		context.AfterFunc(ctx, func() { expiry.Stop() })
	}
	return platform.Pair(ctx, ready, func(a bot.Attempt) bool {
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
func (p *pairer) invite(self bot.Self, until time.Time) {
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
func person(a bot.Attempt) string {
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
func (p *pairer) confirm(ctx context.Context, a bot.Attempt) bool {
	fmt.Fprintf(p.out, "The code came from %s.\nShall the bot obey this person, and post its alerts there? [y/N] ", person(a))
	select {
	case line := <-p.lines:
		return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(line)))
	case <-ctx.Done():
		fmt.Fprintln(p.out)
		return false
	}
}

// answers are the lines typed while somebody waits for one. What is typed earlier is nobody's answer.
func answers(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default:
			}
		}
	}()
	return lines
}

// entries are what the configuration is to hold.
func (p *pairer) entries(c *Config, a bot.Attempt) ([]entry, error) {
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
		return err
	}
	fmt.Fprintf(p.out, "\nWritten into %s:\n%s", file, lines)
	return nil
}

// explain says what to do about an error of Pair.
func explain(err error, platform string) error {
	if e, ok := errors.AsType[*telegram.ConflictError](err); ok {
		if e.Webhook {
			return fmt.Errorf("%w. Remove it: open https://api.telegram.org/bot…/deleteWebhook with the token in place of “…”", err)
		}
		return fmt.Errorf("%w: a bot is running. %s. If none of yours is, somebody has the token: /revoke it at @BotFather", err, stopFirst)
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("given up; nothing is changed")
	}
	if _, ok := errors.AsType[*discord.BudgetError](err); ok || errors.Is(err, errExpired) || errors.Is(err, errTooMany) {
		return err
	}
	return fmt.Errorf("%w\n%s", plainly(err), adviceForToken[platform])
}
