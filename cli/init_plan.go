package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"friendlyfire/app"
	"friendlyfire/config"
)

// plan is what was answered, and is not done yet.
type plan struct {
	settings  []config.Setting
	entries   []config.Entry // what lets in chats and users
	found     finding        // the file of bans
	source    config.Source  // as it will be
	jails     []byte         // lines for Fail2Ban; nil: the action is not added
	importOld bool
	history   []string      // files to import; nil: those beside the source's
	platform  app.Commanded // nil: no chat
	token     config.Secret
	tokenFile string   // where the token goes; "": there is none to write
	join      []string // the command that lets the service read the bans; nil: it may
	service   bool
	changed   bool // the configuration or the token will be others
}

// carryOut shows the plan, and does it once the person agrees and the chat is paired.
func (i *initializer) carryOut(ctx context.Context) error {
	text, err := i.env.Config().Set(i.before, i.plan.settings)
	if err != nil {
		return err
	}
	letIn := &letIn{greet: func() {}, end: func() {}}
	if i.plan.entries != nil {
		if text, err = i.withEntries(ctx, text, letIn); err != nil {
			return err
		}
	}
	if steps := i.steps(text); len(steps) == 0 {
		fmt.Fprintln(i.q.out, "\nThere is nothing to change.")
	} else {
		fmt.Fprintf(i.q.out, "\nThis will be done:\n  * %s\n", strings.Join(steps, "\n  * "))
		if ok, err := i.q.yes(ctx, "Go ahead?", true); err != nil {
			return err
		} else if !ok {
			return errGivenUp
		}
	}
	if i.pairs() {
		if text, err = i.withEntries(ctx, text, letIn); err != nil {
			return err
		}
	}
	defer letIn.end()
	return i.commit(ctx, text, letIn.greet)
}

// pairs reports whether a chat is still to be found by a code.
func (i *initializer) pairs() bool { return i.plan.platform != nil && i.plan.entries == nil }

// steps are what will be done, in words; text is that of the configuration as far as it is known.
func (i *initializer) steps(text []byte) (steps []string) {
	if i.plan.jails != nil {
		steps = append(steps, "write "+i.root(actionJails)+", and fail2ban-client reload --restart")
	}
	if !i.plan.token.Empty() && !i.hasToken() {
		steps = append(steps, "write the token into "+i.plan.tokenFile+", for the bot's user alone")
	}
	if i.pairs() {
		steps = append(steps, "pair "+i.plan.platform.Name()+" with the chat from which you send a code")
	}
	switch {
	case i.fresh:
		steps = append(steps, "write "+i.env.File)
	case i.pairs() || !bytes.Equal(text, i.before):
		steps = append(steps, "change "+i.env.File+", and keep the present one as "+i.backupName())
	}
	if i.plan.join != nil {
		steps = append(steps, "let the bot's user read the bans: "+strings.Join(i.plan.join, " "))
	}
	if i.plan.importOld {
		steps = append(steps, "read in the rotated files as history")
	}
	i.plan.changed = len(steps) > 0
	if commands := i.serviceCommands(i.plan.changed); i.plan.service {
		for _, command := range commands {
			steps = append(steps, strings.Join(command, " "))
		}
	}
	return steps
}

// hasToken reports whether the file of the token is as it will be.
func (i *initializer) hasToken() bool {
	text, err := os.ReadFile(i.plan.tokenFile)
	return err == nil && strings.TrimSpace(string(text)) == i.plan.token.Reveal()
}

// backupName is the first name for a backup of the configuration that no file has.
func (i *initializer) backupName() string {
	name := i.env.File + ".bak"
	for n := 2; exists(name); n++ {
		name = fmt.Sprintf("%s.bak%d", i.env.File, n)
	}
	return name
}

// letIn is a chat that was paired: how to greet it, and how to end the connection.
type letIn struct{ greet, end func() }

// withEntries returns the text with what lets in the chats and users: those that flags named, or that send a code now.
// Meanwhile the token is in a file of its own, so that nothing is changed if it comes to nothing.
func (i *initializer) withEntries(ctx context.Context, text []byte, in *letIn) ([]byte, error) {
	loader, p := i.env.Config(), i.plan.platform
	tokenAt := func(file string) []config.Setting {
		return []config.Setting{{Section: p.Name(), Key: "token_file", Text: file}}
	}
	if i.plan.tokenFile != "" {
		dir, err := os.MkdirTemp(filepath.Dir(i.plan.tokenFile), ".friendlyfire")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // it is a directory of ours
		file := filepath.Join(dir, p.Name())
		if err := os.WriteFile(file, []byte(i.plan.token.Reveal()), 0o600); err != nil {
			return nil, err
		}
		if text, err = loader.Set(text, tokenAt(file)); err != nil {
			return nil, err
		}
	}
	if i.pairs() {
		if err := i.pair(ctx, text, in); err != nil {
			return nil, err
		}
	}
	text, err := loader.WithEntries(text, i.plan.entries)
	if err == nil && i.plan.tokenFile != "" {
		text, err = loader.Set(text, tokenAt(i.plan.tokenFile))
	}
	if _, ok := errors.AsType[*config.Error](err); ok && i.o.given("chat") {
		return nil, usage(mistake(err))
	}
	return text, err
}
