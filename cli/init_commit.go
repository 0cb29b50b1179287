package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"friendlyfire/config"
)

// commit does what was planned. What fails is undone together with all before it, up to the configuration; from there
// on it is said.
func (i *initializer) commit(ctx context.Context, text []byte, greet func()) (err error) {
	whole := context.WithoutCancel(ctx) // Ctrl-C comes too late to leave half of it
	var undo []func()
	defer func() {
		for n := len(undo) - 1; n >= 0 && err != nil; n-- {
			undo[n]()
		}
	}()
	if i.plan.jails != nil {
		back, err := i.addAction(whole)
		if err != nil {
			return fmt.Errorf("the action was not added, and nothing is changed: %w", err)
		}
		undo = append(undo, back)
	}
	if !i.plan.token.Empty() && !i.hasToken() {
		back, err := i.writeToken()
		if err != nil {
			return err
		}
		undo = append(undo, back)
	}
	if err := i.writeConfig(text); err != nil {
		return err
	}
	undo = nil
	greet()
	return i.finish(ctx)
}

// writeToken writes the token for the user of the service alone.
func (i *initializer) writeToken() (undo func(), err error) {
	before, missing := os.ReadFile(i.plan.tokenFile)
	undo = func() { _ = config.ReplaceFile(i.plan.tokenFile, before) }
	if missing != nil {
		undo = func() { _ = os.Remove(i.plan.tokenFile) }
	}
	if err := config.ReplaceFile(i.plan.tokenFile, []byte(i.plan.token.Reveal()+"\n")); err != nil {
		return nil, err
	}
	if err = os.Chmod(i.plan.tokenFile, 0o600); err == nil {
		if service, ok := i.serviceAccount(); ok && os.Geteuid() == 0 {
			err = os.Chown(i.plan.tokenFile, int(service.credential.Uid), int(service.credential.Gid))
		}
	}
	if err != nil {
		undo()
	}
	return undo, err
}

// writeConfig writes the configuration, and keeps the one before.
func (i *initializer) writeConfig(text []byte) error {
	if !i.fresh && bytes.Equal(text, i.before) {
		return nil
	}
	if !i.fresh {
		backup := i.backupName()
		if err := copyFile(i.env.File, backup, i.before); err != nil {
			return err
		}
	}
	if err := config.ReplaceFile(i.env.File, text); err != nil {
		return err
	}
	if i.fresh && i.env.File == systemFile(i.env) {
		return os.Chmod(i.env.File, 0o644) // as packages have it: it holds no secret, and the bot is another user
	}
	return nil
}

// copyFile writes the content into a new file with the mode and the owner of another.
func copyFile(like, name string, content []byte) error {
	var is syscall.Stat_t
	if err := syscall.Stat(like, &is); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chown(int(is.Uid), int(is.Gid)), f.Chmod(os.FileMode(is.Mode).Perm()), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// finish does what needs the configuration: rights, history, the first message, the service.
func (i *initializer) finish(ctx context.Context) error {
	if i.plan.join != nil {
		if err := i.run(ctx, i.plan.join); err != nil {
			fmt.Fprintf(i.q.out, "%v\nBy hand: %s\n", err, sudo(i.plan.join))
		}
	}
	if i.plan.importOld {
		if err := importFiles(ctx, i.env, i.plan.source.Name, i.plan.history); err != nil {
			fmt.Fprintf(i.q.out, "%v\n", err)
		}
	}
	fmt.Fprintln(i.q.out)
	if err := check(ctx, i.env, checkOptions{send: true}); err != nil {
		return fmt.Errorf("%w. Once that is mended, start the bot:\n%s", err, i.startLine())
	}
	if !i.plan.service {
		fmt.Fprintf(i.q.out, "Now start the bot:\n\n    %s\n", i.startLine())
		return nil
	}
	for _, command := range i.serviceCommands(i.plan.changed) {
		if err := i.run(ctx, command); err != nil {
			return err
		}
	}
	fmt.Fprintln(i.q.out, "The bot runs.")
	return nil
}

// startLine is what a person types to start the bot.
func (i *initializer) startLine() string {
	if i.env.File == systemFile(i.env) {
		if commands := i.serviceCommands(true); commands != nil {
			return sudo(commands[0]) + " && " + sudo(commands[1])
		}
	}
	return asTyped(i.env, asBot(i.database(), "run"))
}

// run runs a command of the system as root.
func (i *initializer) run(ctx context.Context, command []string) error {
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
