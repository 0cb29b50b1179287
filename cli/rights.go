package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"friendlyfire/store"
)

// account is a user of this machine, as files see him.
type account struct {
	name       string
	credential *syscall.Credential
}

// serviceAccount is the user that the bot runs as: the one to whom the directory of the database belongs. ok is false
// where that is not known, or is the user that runs this command.
func serviceAccount(database string) (a account, ok bool) {
	name := botUser(database)
	if name == "" || name == store.UserName(os.Geteuid()) {
		return a, false
	}
	a, err := accountNamed(name)
	return a, err == nil
}

// accountNamed returns the account of that name, or of that number where it has no name and so is in no groups.
func accountNamed(name string) (account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		id, err := strconv.ParseUint(name, 10, 32)
		return account{name, &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}}, err
	}
	a := account{name, &syscall.Credential{Uid: idNumber(u.Uid), Gid: idNumber(u.Gid)}}
	groups, err := u.GroupIds()
	for _, id := range groups {
		a.credential.Groups = append(a.credential.Groups, idNumber(id))
	}
	return a, err
}

// idNumber is the number of a user or a group.
func idNumber(id string) uint32 {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return ^uint32(0) // nobody's
	}
	return uint32(n)
}

// may asks the system whether the account may read (-r) or enter (-x) the path, access lists and all. Only root can ask
// for others; where it cannot be asked, it is said to be so.
func (a account) may(ctx context.Context, what, path string) bool {
	cmd := exec.CommandContext(ctx, "test", what, path)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	_, no := errors.AsType[*exec.ExitError](cmd.Run())
	return !no
}

// mayRead is about a file that exists.
func (a account) mayRead(ctx context.Context, path string) bool {
	_, err := os.Stat(path)
	return err != nil || a.may(ctx, "-r", path)
}

// adviceToRead says what root types to let the account of that name read a log.
func adviceToRead(ctx context.Context, path, name string) string {
	a, err := accountNamed(name)
	if err != nil {
		return "It must be a regular file that the user who runs friendlyfire can read."
	}
	if dir := a.closedDirectory(ctx, path); dir != "" {
		return "Its directory is closed to " + name + ". To open it to those who know what they look for:\n" +
			"sudo chmod o+x " + store.ShellQuote(dir)
	}
	if _, group := store.Readers(path); group != "" {
		return "The group " + group + " may, so let " + name + " be in it, and start the bot anew:\n" +
			sudo(joinGroup(name, group)) + "\n" + restartService()
	}
	group := groupName(a.credential.Gid)
	return "Its owner alone may. To let the group " + group + " read it, until it is rotated:\n" +
		"sudo chgrp " + group + " " + store.ShellQuote(path) + "\n" +
		"sudo chmod g+r " + store.ShellQuote(path) + "\n" +
		"For good, between the braces of /etc/logrotate.d/fail2ban: create 0640 root " + group + "\n" +
		"The action of Fail2Ban writes a file that needs none of this: " + actionReadme
}

// actionReadme says how the action is added.
const actionReadme = "/usr/share/doc/friendlyfire/deploy/fail2ban/README.md"

// closedDirectory returns the first directory on the way to the path that the account may not enter; "" if there is
// none, or only root could tell.
func (a account) closedDirectory(ctx context.Context, path string) string {
	path, err := filepath.Abs(path)
	if err != nil || os.Geteuid() != 0 {
		return ""
	}
	dir := filepath.Dir(path)
	if dir == path || a.may(ctx, "-x", dir) {
		return ""
	}
	if above := a.closedDirectory(ctx, dir); above != "" {
		return above
	}
	return dir
}

func groupName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if g, err := user.LookupGroupId(number); err == nil {
		return g.Name
	}
	return number
}

// joinGroup is the command of this machine that makes the user a member of the group.
func joinGroup(name, group string) []string {
	for _, command := range [][]string{
		{"usermod", "-aG", group, name},       // shadow: nearly every Linux
		{"pw", "groupmod", group, "-m", name}, // FreeBSD
		{"addgroup", name, group},             // busybox: Alpine
	} {
		if _, err := exec.LookPath(command[0]); err == nil {
			return command
		}
	}
	return []string{"usermod", "-aG", group, name} // found by root, whose PATH has it
}

// sudo is what a person types to run the command as root.
func sudo(command []string) string {
	words := []string{"sudo"}
	for _, word := range command {
		if !strings.HasPrefix(word, "-") { // which are options of ours
			word = store.ShellQuote(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// mayReadHere reports whether this user may read the file, or that it is not there.
func mayReadHere(path string) bool { return !errors.Is(syscall.Access(path, 4), syscall.EACCES) }

// mayWrite reports whether this user may write the file, or into the directory.
func mayWrite(path string) bool { return syscall.Access(path, 2) == nil }

// restartService is what lets a bot that runs have its new rights, and its new configuration.
func restartService() string {
	switch {
	case exists("/run/openrc"):
		return "sudo rc-service friendlyfire restart"
	case exists("/usr/local/etc/rc.d/friendlyfire"):
		return "sudo service friendlyfire restart"
	}
	return "sudo systemctl restart friendlyfire"
}
