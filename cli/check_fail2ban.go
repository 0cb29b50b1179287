package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"friendlyfire/config"
)

// actionFile is where the Fail2Ban action writes, unless it is told otherwise: deploy/fail2ban/action.d.
const actionFile = "/var/log/friendlyfire/bans.csv"

const askForAction = "This adds the action to the jails without it, beside whatever they do already:\n" +
	"sudo /usr/share/friendlyfire/fail2ban-action | sudo tee /etc/fail2ban/jail.d/zz-friendlyfire.local\n" +
	"sudo fail2ban-client reload --restart"

// fail2banPatience is how long Fail2Ban may take to answer all questions.
const fail2banPatience = 10 * time.Second

// checkAction asks the Fail2Ban of this machine which of its jails write to the source, if that is a file of the
// Fail2Ban action. Where there is no Fail2Ban, or only root may ask, nothing is known; of the action's usual file it
// says so.
func checkAction(ctx context.Context, list *checklist, c config.Source) {
	path, err := filepath.Abs(c.Path)
	if c.Path == "" || filepath.Ext(path) != ".csv" || err != nil {
		return
	}
	what, usual := "source "+c.Name, path == actionFile
	ctx, cancel := context.WithTimeout(ctx, fail2banPatience)
	defer cancel()
	writing, missing, err := writers(ctx, path)
	switch {
	case errors.Is(err, exec.ErrNotFound):
	case err != nil && usual:
		list.note(what, "whether Fail2Ban writes to it is not known: "+err.Error(),
			"Does it run? Only root may ask: sudo /usr/share/friendlyfire/fail2ban-action check")
	case len(writing) == 0 && usual && err == nil:
		list.problem(what, errors.New("no jail of Fail2Ban writes to it: "+strings.Join(missing, ", ")), askForAction)
	case len(writing) > 0 && len(missing) > 0:
		list.note(what, "jails of Fail2Ban that do not write to it: "+strings.Join(missing, ", "), askForAction)
	case len(writing) > 0:
		list.ok(what, "all jails of Fail2Ban write to it: %s", strings.Join(writing, ", "))
	}
}

// writers returns the jails whose action writes to the file, and those without such an action. Both are empty if
// Fail2Ban has no jails. The error is exec.ErrNotFound if there is no Fail2Ban on this machine, or else what Fail2Ban
// says.
func writers(ctx context.Context, path string) (writing, missing []string, err error) {
	status, err := askFail2Ban(ctx, "status")
	if err != nil {
		return nil, nil, err
	}
	_, names, _ := strings.Cut(status, "Jail list:")
	for _, jail := range fail2banList(names) {
		actions, err := askFail2Ban(ctx, "get", jail, "actions")
		if err != nil {
			return nil, nil, err
		}
		_, actions, _ = strings.Cut(actions, "\n") // after a heading
		if slices.ContainsFunc(fail2banList(actions), func(action string) bool {
			if !strings.HasPrefix(action, "friendlyfire") {
				return false
			}
			file, err := askFail2Ban(ctx, "get", jail, "action", action, "file")
			return err == nil && strings.TrimSpace(file) == path
		}) {
			writing = append(writing, jail)
		} else {
			missing = append(missing, jail)
		}
	}
	return writing, missing, nil
}

// fail2banList splits a list as Fail2Ban prints it: names between commas.
func fail2banList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

// askFail2Ban returns what fail2ban-client prints.
func askFail2Ban(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "fail2ban-client", args...).CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrNotFound) {
		_, said, _ := strings.Cut(string(out), "ERROR") // behind the time
		err = fmt.Errorf("fail2ban-client: %w: %s", err, strings.TrimSpace(said))
	}
	return string(out), err
}
