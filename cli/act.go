package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"log/syslog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/act"
	"friendlyfire/app"
)

// sshCommand is the variable in which sshd hands on what was asked of a forced command: sshd(8).
const sshCommand = "SSH_ORIGINAL_COMMAND"

func actCommand(env *app.Env) *cobra.Command {
	var ssh bool
	var ignored string
	h := act.Helper{}
	cmd := &cobra.Command{
		Use:   "act [unban JAIL ADDRESS | trust ADDRESS TIME | untrust ADDRESS | jails | rules JAIL]",
		Short: "Lift a ban, or have Fail2Ban ignore an address for a while: the helper with root's rights",
		Long: strings.TrimSpace(`
Lift a ban, or have Fail2Ban ignore an address for a while. This is the helper with root's rights, which the bot asks
at a socket (friendlyfire-act.socket), and from another machine over SSH by a key that can do nothing else:

  restrict,command="/usr/bin/friendlyfire act --ssh" ssh-ed25519 ...

It knows no other verbs. An address is trusted for 90 days at most ("30d", "12h"), alone or in a network no wider
than /24 or /48; an hour has room for 30 acts; each is logged. The verbs jails and rules only ask, and are none. Fail2Ban asks whom it trusts by --ignored, as
/usr/share/friendlyfire/friendlyfire-trust.local has it.
`),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("ignored"):
				return isTrusted(h.State, ignored)
			case ssh && len(args) > 0:
				return usage(fmt.Errorf("with --ssh, what to do comes from %s", sshCommand))
			case ssh:
				return actOverSSH(cmd.Context(), h, os.Getenv(sshCommand), cmd.Flags().Changed("client"), env.Out)
			}
			h.Log = slog.New(slog.NewTextHandler(env.Err, nil))
			if len(args) == 0 {
				return app.ServeActs(cmd.Context(), &h)
			}
			a := h.Do(cmd.Context(), "the command line", strings.Join(args, " "))
			fmt.Fprintln(env.Out, a)
			if a.Outcome != act.Done {
				return &silentError{}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&ssh, "ssh", false, "do what "+sshCommand+" asks for: for the command of an authorized key")
	cmd.Flags().StringVar(&h.Client, "client", act.DefaultClient, "`PATH` of fail2ban-client")
	cmd.Flags().StringVar(&h.State, "state", act.DefaultState, "`FOLDER` of whom it trusts, and of how often it has acted")
	cmd.Flags().StringVar(&ignored, "ignored", "",
		"succeed if the `ADDRESS` is trusted now, and fail with code 1 if not: for Fail2Ban's ignorecommand")
	return cmd
}

// silentError fails a command that has already said why.
type silentError struct{}

func (*silentError) Error() string { return "" }

// trustLimit is how long Fail2Ban, which bans nobody meanwhile, waits for an answer: then the address is not trusted.
const trustLimit = 2 * time.Second

// isTrusted fails unless the address is trusted now, without a word: Fail2Ban asks at every failed login.
func isTrusted(state, address string) error {
	time.AfterFunc(trustLimit, func() { os.Exit(exitFailed) })
	if ok, err := act.Trusts(state, address, time.Now()); err != nil || !ok {
		return &silentError{}
	}
	return nil
}

// actOverSSH does what a command over SSH asks for. Root does it itself, and so does who was given a client; any other
// account asks the helper of its machine.
func actOverSSH(ctx context.Context, h act.Helper, line string, own bool, out io.Writer) error {
	if os.Geteuid() != 0 && !own {
		r, err := act.Parse(line)
		if err != nil {
			fmt.Fprintln(out, act.Answer{Outcome: act.Refused, Text: err.Error()})
			return nil
		}
		fmt.Fprintln(out, act.Socket{Path: act.DefaultSocket}.Do(ctx, r))
		return nil
	}
	h.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if journal, err := syslog.New(syslog.LOG_AUTH|syslog.LOG_NOTICE, "friendlyfire-act"); err == nil {
		defer journal.Close() //nolint:errcheck // all is written
		h.Log = slog.New(slog.NewTextHandler(journal, nil))
	}
	who := "ssh"
	from, _, _ := strings.Cut(os.Getenv("SSH_CONNECTION"), " ") // "client_ip client_port server_ip server_port"
	if addr, err := netip.ParseAddr(from); err == nil {
		who += " from " + addr.String()
	}
	fmt.Fprintln(out, h.Do(ctx, who, line))
	return nil
}
