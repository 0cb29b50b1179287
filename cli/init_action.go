package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// actionFiles are where the package has what adds the action to jails, and where that goes.
const (
	actionHelper = "/usr/share/friendlyfire/fail2ban-action"
	actionJails  = "/etc/fail2ban/jail.d/zz-friendlyfire.local"
)

// askAction offers the action of Fail2Ban, where the log is the source and nothing is in its way. It is never the usual
// answer: it changes what others rely on.
func (i *initializer) askAction(ctx context.Context) error {
	wanted := i.o.given("action")
	if wanted && !i.o.action || i.plan.found.path == i.root(actionFile) {
		return nil
	}
	lines, reason := i.actionLines(ctx)
	switch {
	case reason != "" && wanted:
		return errors.New("the action cannot be added: " + reason)
	case reason != "":
		return nil
	case !wanted:
		fmt.Fprintf(i.q.out, "\nFail2Ban can write down more of a ban than its log says: how long it is, and the lines that led to\n"+
			"it. This adds an action to its jails, beside what they do already, in %s:\n\n%s\n", i.root(actionJails), indent(lines))
		var err error
		if wanted, err = i.q.yes(ctx, "Add it, and reload Fail2Ban?", false); err != nil || !wanted {
			return err
		}
	}
	i.plan.jails = lines
	if i.plan.found.preview.IsLog {
		i.set("source", "log", i.plan.found.path)
		i.plan.source.Log = i.plan.found.path
		i.plan.history = append(slices.Clone(i.plan.found.old), i.plan.found.path) // of another file than the source's
	}
	i.set("source", "path", i.root(actionFile))
	i.plan.source.Path = i.root(actionFile)
	i.plan.found = finding{path: i.root(actionFile)}
	return nil
}

// actionLines are what gives the jails of Fail2Ban the action; reason says why there are none.
func (i *initializer) actionLines(ctx context.Context) (lines []byte, reason string) {
	helper := i.root(actionHelper)
	_, err := exec.LookPath("fail2ban-client")
	switch {
	case i.plan.found.path == "":
		return nil, "its file would be a further source; the sources stay as they are"
	case i.plan.found.of != "":
		return nil, "the Fail2Ban that writes " + i.plan.found.path + " is in a container"
	case err != nil:
		return nil, "there is no Fail2Ban on this machine"
	case os.Geteuid() != 0:
		return nil, "only root may"
	case !exists(helper):
		return nil, helper + " is not there, which the packages bring"
	case exists(i.root(actionJails)):
		return nil, i.root(actionJails) + " is there already"
	}
	if err := fail2ban(ctx, "-t"); err != nil {
		return nil, "its own configuration does not load: " + err.Error()
	}
	lines, err = exec.CommandContext(ctx, helper).Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, strings.TrimSpace(string(e.Stderr))
	} else if err != nil {
		return nil, err.Error()
	}
	if !bytes.Contains(lines, []byte("\n[")) {
		return nil, "all jails have it already, or none is enabled"
	}
	return lines, ""
}

// addAction writes the lines, and takes them back if Fail2Ban does not like them. undo does so later.
func (i *initializer) addAction(ctx context.Context) (undo func(), err error) {
	path := i.root(actionJails)
	undo = func() {
		_ = os.Remove(path)
		_ = fail2ban(ctx, "reload", "--restart")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return func() {}, err
	}
	_, err = f.Write(i.plan.jails)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = fail2ban(ctx, "-t")
	}
	if err != nil {
		return func() {}, errors.Join(err, os.Remove(path))
	}
	if !fail2banRuns(ctx) {
		fmt.Fprintln(i.env.Out, "Fail2Ban does not run; the action takes effect when it starts.")
		return undo, nil
	}
	if err := fail2ban(ctx, "reload", "--restart"); err != nil {
		undo()
		return func() {}, err
	}
	return undo, nil
}

// fail2ban asks something of the Fail2Ban of this machine.
func fail2ban(ctx context.Context, args ...string) error {
	_, err := askFail2Ban(ctx, args...)
	return err
}

func fail2banRuns(ctx context.Context) bool { return fail2ban(ctx, "ping") == nil }

func indent(text []byte) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    ") + "\n"
}
