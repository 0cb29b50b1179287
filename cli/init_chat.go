package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// askPlatform asks where alerts go, and for the token.
func (i *initializer) askPlatform(ctx context.Context) error {
	usual, present := app.PairNames()[0], ""
	for _, p := range app.Platforms(i.config) {
		if len(p.Chats()) > 0 {
			present += fmt.Sprintf("Alerts go to %s already: %s.\n", p.Name(), strings.Join(p.Chats(), ", "))
			usual = noPlatform
		}
	}
	if i.q.in == nil {
		usual = noPlatform
	}
	choices := append(app.PairNames(), noPlatform)
	name, valid := i.o.platform, func(answer string) error {
		if !slices.Contains(choices, answer) {
			return fmt.Errorf("one of %s", strings.Join(choices, ", "))
		}
		return nil
	}
	fmt.Fprintf(i.q.out, "\n%sOthers (%s) only get messages: their sections in %s say what they need.\n",
		present, strings.Join(app.DeafNames(), ", "), i.env.File)
	var err error
	if i.o.given("platform") {
		if err := valid(name); err != nil {
			return usage(fmt.Errorf("--platform: %w", err))
		}
	} else if name, err = i.q.text(ctx, "Which chat is to be told? "+strings.Join(choices, ", ")+":", usual, valid); err != nil {
		return err
	}
	if name == noPlatform {
		return nil
	}
	i.plan.platform = commanded(i.config, name)
	if err := i.entriesOfFlags(); err != nil {
		return err
	}
	if i.plan.entries == nil && i.q.in == nil {
		return usage(fmt.Errorf("--chat ID says which chat of %s: without a terminal none can be paired", name))
	}
	return i.askToken(ctx)
}

// entriesOfFlags are what lets in the chats and users that flags name.
func (i *initializer) entriesOfFlags() error {
	chats, users := i.o.chats, i.o.users
	for n := range max(len(chats), len(users)) {
		a := msg.PairAttempt{}
		if n < len(chats) {
			a.Chat = chats[n]
		}
		if n < len(users) {
			a.User = users[n]
		}
		entries, err := i.plan.platform.Entries(a)
		if err != nil {
			return err
		}
		i.plan.entries = append(i.plan.entries, slices.DeleteFunc(entries, func(e config.Entry) bool { return e.ID == "" })...)
	}
	if len(chats) == 0 && len(users) > 0 {
		return usage(errors.New("--user ID goes with --chat ID, where commands are heard"))
	}
	return nil
}

// askToken gets the token, unless the configuration or the environment has it.
func (i *initializer) askToken(ctx context.Context) error {
	p := i.plan.platform
	held := i.config.Held(config.Entry{Section: p.Name(), Key: "token_file"})
	if !i.o.given("token-file") && (held != nil || os.Getenv(config.TokenVariable(p.Name())) != "") {
		return nil
	}
	valid := func(text string) error {
		if text == "" || p.TokenForm().FindString(text) != text {
			return errors.New("that is no token of " + p.Name())
		}
		return nil
	}
	switch {
	case i.o.given("token-file"):
		text, err := os.ReadFile(i.o.tokenFile)
		if err != nil {
			return err
		}
		i.plan.token = config.NewSecret(strings.TrimSpace(string(text)))
		if err := valid(i.plan.token.Reveal()); err != nil {
			return fmt.Errorf("%s: %w", i.o.tokenFile, err)
		}
	case i.q.in == nil:
		return usage(errors.New("--token-file FILE names the file with the token of " + p.Name()))
	default:
		fmt.Fprintf(i.q.out, "%s.\n", p.NewToken())
		for {
			text, err := i.q.secret(ctx, "The token, which is not shown as you type or paste it:")
			if err != nil {
				return err
			}
			if err = valid(text); err == nil {
				i.plan.token = config.NewSecret(text)
				break
			}
			fmt.Fprintf(i.q.out, "  %v\n", err)
		}
	}
	file, err := filepath.Abs(filepath.Join(filepath.Dir(i.env.File), p.Name()))
	i.plan.tokenFile = file
	i.set(p.Name(), "token_file", file)
	return err
}

// pair finds out by a code which chat is let in. It changes nothing but the plan.
func (i *initializer) pair(ctx context.Context, text []byte, in *letIn) error {
	c, err := i.env.Config().LoadText(text, config.ToPair)
	if err != nil {
		return err
	}
	unlock, err := app.LockToPair(c.Database)
	if err != nil {
		return err
	}
	fmt.Fprintln(i.q.out)
	m, err := meet(ctx, i.env, c, commanded(c, i.plan.platform.Name()))
	if err != nil {
		unlock()
		return err
	}
	i.plan.entries = m.entries
	in.greet, in.end = func() { m.greet(ctx) }, func() { m.end(); unlock() }
	return nil
}
