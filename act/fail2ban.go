package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DefaultClient is where packages put Fail2Ban's client.
const DefaultClient = "/usr/bin/fail2ban-client"

// maxSaid bounds what is read of the client's output: the addresses of a jail that bans very many.
const maxSaid = 8 << 20

// fail2ban speaks to Fail2Ban by its own client.
type fail2ban struct{ client string }

// check returns why the client is not to be run: it must be a program that nobody but root, or this user, can change.
func (f fail2ban) check() error {
	if !filepath.IsAbs(f.client) || filepath.Clean(f.client) != f.client {
		return fmt.Errorf("%q is no absolute path of fail2ban-client", f.client)
	}
	info, err := os.Stat(f.client)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no program", f.client)
	}
	return owned(f.client, info)
}

// saidError is what the client says where it fails.
type saidError struct{ said string }

func (e *saidError) Error() string { return "Fail2Ban says: " + e.said }

// run runs the client with these arguments, which no shell sees, and returns what it prints. It ends with ctx, and all
// that the client has started with it. The error is a *saidError if the client itself has failed.
func (f fail2ban) run(ctx context.Context, args ...string) (string, error) {
	var out bounded
	cmd := exec.CommandContext(ctx, f.client, args...) //nolint:gosec // the arguments are of a Request
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 100 * time.Millisecond
	err := cmd.Run()
	switch _, failed := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case out.over:
		return "", errors.New("Fail2Ban said more than can be read")
	case failed:
		return "", &saidError{printable(out.String(), 200)}
	}
	return out.String(), err
}

// jails names the jails that there are.
func (f fail2ban) jails(ctx context.Context) ([]string, error) {
	said, err := f.run(ctx, "status")
	if err != nil {
		return nil, err
	}
	_, names, ok := strings.Cut(said, "Jail list:")
	if !ok {
		return nil, errors.New("Fail2Ban names no jails")
	}
	names, _, _ = strings.Cut(names, "\n")
	all := strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })
	return slices.DeleteFunc(all, func(name string) bool { return !GoodJail(name) }), nil
}

// bans reports whether the jail bans the address now.
func (f fail2ban) bans(ctx context.Context, jail, address string) (bool, error) {
	said, err := f.run(ctx, "get", jail, "banip")
	return slices.Contains(strings.FieldsFunc(said, func(r rune) bool { return r <= ' ' || r == ',' }), address), err
}

// trusting divides the jails into those that ask whom to trust, and those that do not. It asks no longer than that;
// jails that it did not come to are in neither.
func (f fail2ban) trusting(ctx context.Context, within time.Duration) (asking, deaf []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	names, err := f.jails(ctx)
	for _, name := range names {
		said, err := f.run(ctx, "get", name, "ignorecommand")
		switch {
		case ctx.Err() != nil:
			return asking, deaf, nil
		case err == nil && strings.Contains(said, askTrust):
			asking = append(asking, name)
		default:
			deaf = append(deaf, name)
		}
	}
	return asking, deaf, err
}

// askTrust stands in the ignorecommand of jails that ask whom to trust.
const askTrust = " act --ignored "

// unban lifts the ban, and returns what Fail2Ban says to it.
func (f fail2ban) unban(ctx context.Context, jail, address string) (string, error) {
	said, err := f.run(ctx, "set", jail, "unbanip", address)
	return printable(said, 200), err
}

// bounded keeps what is written to it, up to a limit.
type bounded struct {
	bytes.Buffer

	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxSaid {
		b.over = true
		return 0, io.ErrShortWrite // and the client finds its output closed
	}
	return b.Buffer.Write(p)
}
