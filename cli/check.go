package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/enrich"
)

func checkCommand(env *app.Env) *cobra.Command {
	var send bool
	cmd := &cobra.Command{
		Use: "check", Short: "See whether everything is in order, and what to do where it is not", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), *env, send) },
	}
	cmd.Flags().BoolVar(&send, "send", false, "post a test alert and a test picture to every chat")
	return cmd
}

// findings are printed as they are made.
type findings struct {
	out io.Writer
	bad int
}

func (f *findings) ok(what, format string, args ...any) {
	fmt.Fprintf(f.out, "ok       %s: %s\n", what, fmt.Sprintf(format, args...))
}

// note is what works, and may be better.
func (f *findings) note(what, finding, advice string) {
	fmt.Fprintf(f.out, "note     %s: %s\n", what, finding)
	f.advise(advice)
}

func (f *findings) wrong(what string, err error, advice string) {
	f.bad++
	fmt.Fprintf(f.out, "PROBLEM  %s: %v\n", what, err)
	f.advise(advice)
}

func (f *findings) advise(advice string) {
	for line := range strings.Lines(advice) {
		fmt.Fprintf(f.out, "         %s\n", strings.TrimSuffix(line, "\n"))
	}
}

func (f *findings) end() error {
	if f.bad == 0 {
		fmt.Fprintln(f.out, "Everything is in order.")
		return nil
	}
	return errors.New("not everything is in order, see above")
}

// check walks through configuration, database, table, whois, sources, tokens and chats. It does no harm to a bot that runs:
// it neither asks for what was said to the bot nor opens Discord's gateway.
func check(ctx context.Context, env app.Env, send bool) error {
	f := &findings{out: env.Out}
	c, err := env.Config().Load(config.ToRun)
	if err != nil {
		return err
	}
	if c.File == config.BuiltIn {
		f.note("configuration", "there is no "+config.DefaultFile+" in this directory, so this is about the sample",
			"The service's is another: --config /etc/friendlyfire/config.toml")
	}
	if len(c.Friendly.Countries)+len(c.Friendly.Networks) > 0 {
		f.ok("configuration", "%s; friendly: %s", c.File, friendlyList(c))
	} else {
		f.note("configuration", c.File+"; nobody is friendly, so there will be no alerts", `Name the countries and networks of your users: friendly = ["BE", "203.0.113.0/24"].`)
	}

	p, err := app.Build(ctx, c, env, slog.New(slog.DiscardHandler), true)
	if _, ok := errors.AsType[*config.Error](err); ok {
		return err
	}
	if err != nil {
		f.wrong("database", err, adviceForDatabase(c.Database, err))
		return f.end()
	}
	defer p.Close() //nolint:errcheck // nothing is lost with it
	checkDatabase(ctx, f, p)
	checkTable(f, p.Table, c.Enrich.Table)
	if c.Enrich.Whois {
		checkWhois(ctx, f, c.Enrich.WhoisServer, env)
	}
	for _, source := range c.Sources {
		checkSource(ctx, f, p, source)
	}
	var test *testPost
	if send {
		p.Refresh(ctx)
		if test, err = newTestPost(ctx, p); err != nil {
			f.wrong("test picture", err, "")
		}
	}
	for _, connection := range p.Connections {
		checkConnection(ctx, f, p, connection, test)
	}
	return f.end()
}

func friendlyList(c *config.Config) string {
	var all []string
	for _, country := range c.Friendly.Countries {
		all = append(all, country.Name())
	}
	for _, n := range c.Friendly.Networks {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}

// oldTable is when addresses have moved about enough to matter.
const oldTable = 180 * 24 * time.Hour

func checkTable(f *findings, table *enrich.Table, own string) {
	const what = "country table"
	age := time.Since(table.Built())
	found := fmt.Sprintf("%s, %d days old", table.Name(), int(age.Hours()/24))
	switch {
	case age < oldTable:
		f.ok(what, "%s", found)
	case own != "":
		f.note(what, found, "Networks move between countries: put a newer file in its place.")
	default:
		f.note(what, found, "Networks move between countries: upgrade friendlyfire, or name a newer .mmdb file in [enrich] table.")
	}
}

// reachLimit is how long registries may take to let a connection in.
const reachLimit = 5 * time.Second

// checkWhois opens a connection to each registry, and asks nothing.
func checkWhois(ctx context.Context, f *findings, mirror string, env app.Env) {
	const what = "whois"
	servers := enrich.Registries()
	if mirror != "" {
		servers = []string{mirror}
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	errs := make([]error, len(servers))
	var group sync.WaitGroup
	for i, server := range servers {
		group.Go(func() { errs[i] = (&enrich.Client{Dial: env.Dial}).Reach(ctx, server) })
	}
	group.Wait()
	var silent []string
	for i, server := range servers {
		if errs[i] != nil {
			silent = append(silent, server)
		}
	}
	const advice = "Let this machine connect to TCP port 43, or write whois = false into [enrich].\nUntil then countries come from the table alone."
	switch {
	case silent == nil:
		f.ok(what, "%s let us in", strings.Join(servers, ", "))
	case mirror != "":
		f.note(what, fmt.Sprintf("%s does not let us in: %v", mirror, errs[0]), "Is [enrich] whois_server right, and does it run?\nUntil then countries come from the table alone.")
	case len(silent) == len(servers):
		f.note(what, fmt.Sprintf("no registry lets us in: %v", errs[0]), advice)
	default:
		f.note(what, strings.Join(silent, ", ")+" did not let us in", "The others did. It is tried again whenever an address of theirs comes up.")
	}
}
