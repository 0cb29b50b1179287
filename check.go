package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/bot"
)

func checkCommand(file *string, s streams, w world) *cobra.Command {
	var send bool
	cmd := &cobra.Command{
		Use: "check", Short: "See whether everything is in order, and what to do where it is not", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), *file, send, s, w) },
	}
	cmd.Flags().BoolVar(&send, "send", false, "post a test message to every chat")
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

func (f *findings) wrong(what string, err error, advice string) {
	f.bad++
	fmt.Fprintf(f.out, "PROBLEM  %s: %v\n", what, err)
	if advice != "" {
		fmt.Fprintf(f.out, "         %s\n", advice)
	}
}

// check walks through configuration, database, sources, table, tokens and chats.
func check(ctx context.Context, file string, send bool, s streams, w world) error {
	f := &findings{out: s.out}
	c, err := Load(file)
	if err != nil {
		return err
	}
	f.ok("configuration", "%s; friendly: %s", c.File, friendlyList(c))

	p, err := build(ctx, c, s, w, slog.New(slog.DiscardHandler), true)
	if _, ok := errors.AsType[*ConfigError](err); ok {
		return err
	}
	if err != nil {
		f.wrong("database", err, "")
		return f.end()
	}
	defer p.close() //nolint:errcheck // nothing is lost with it
	size, err := p.store.Size(ctx)
	if err != nil {
		f.wrong("database", err, "")
	} else {
		f.ok("database", "%s, %d kB", c.Database, size/1000)
	}
	age := time.Since(p.table.Built())
	f.ok("country table", "%s, %d days old", p.table.Name(), int(age.Hours()/24))
	for _, source := range c.Sources {
		checkSource(ctx, f, p, w, source)
	}
	for _, pf := range p.platforms {
		checkPlatform(ctx, f, p, pf, send)
	}
	return f.end()
}

func (f *findings) end() error {
	if f.bad == 0 {
		fmt.Fprintln(f.out, "Everything is in order.")
		return nil
	}
	return errors.New("not everything is in order, see above")
}

func friendlyList(c *Config) string {
	var all []string
	for _, country := range c.Friendly.Countries {
		all = append(all, country.Name())
	}
	for _, n := range c.Friendly.Networks {
		all = append(all, n.String())
	}
	if len(all) == 0 {
		return "nobody, so there will be no alerts"
	}
	return strings.Join(all, ", ")
}

// checkSource looks at the file's last lines without reading them in.
func checkSource(ctx context.Context, f *findings, p *program, w world, c SourceConfig) {
	what := "source " + c.Name
	place, advice := c.Path, "The file must be there and readable by the user that runs friendlyfire."
	if c.SFTP != nil {
		place, advice = c.SFTP.String(), "The server must let us in by the key, and its own key must be the one in known_hosts."
	}
	last, err := p.reader(c, w).Peek(ctx)
	if err != nil {
		f.wrong(what, err, advice)
		return
	}
	if last == nil {
		f.ok(what, "%s, no ban in its last lines yet", place)
		return
	}
	now := time.Now()
	if ahead := last.Time.Sub(now); ahead > 5*time.Minute {
		f.wrong(what, fmt.Errorf("its last ban lies %v ahead of now", ahead.Round(time.Minute)),
			"Set the source's timezone to that of its server, or its server's clock.")
		return
	}
	f.ok(what, "%s, last ban %s", place, last.Time.In(c.Timezone).Format("2006-01-02 15:04:05 MST"))
	sources, err := p.store.Sources(ctx)
	if err != nil {
		f.wrong(what, err, "")
	}
	for _, s := range sources {
		if s.Name != c.Name || s.Rejects == 0 {
			continue
		}
		fmt.Fprintf(f.out, "         %d lines were no bans, the latest:\n", s.Rejects)
		for _, r := range s.Sample[:min(5, len(s.Sample))] {
			fmt.Fprintf(f.out, "         line %d: %s\n", r.Line, r.Reason)
		}
	}
}

func checkPlatform(ctx context.Context, f *findings, p *program, pf connection, send bool) {
	name, err := pf.Me(ctx)
	if err != nil {
		f.wrong(pf.Platform(), err, "Is the token right, and can this machine reach the platform?")
		return
	}
	f.ok(pf.Platform(), "known as %s", name)
	for _, chat := range p.chats {
		if chat.Platform != pf.Platform() {
			continue
		}
		title, err := pf.CanPost(ctx, chat.ID)
		if err == nil && send {
			err = pf.Send(ctx, chat.ID, bot.Message{Text: bot.Text{
				{Text: "friendlyfire was here", Style: bot.Bold}, {Text: ": a test message. Alerts will look like this."},
			}})
		}
		if err != nil {
			f.wrong(chat.String(), err, "Invite the bot to the chat, and let it post messages and pictures.")
			continue
		}
		f.ok(chat.String(), "%s", title)
	}
}
