package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/enrich"
)

func versionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "What this program is made of", Args: validate(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			version, revision := built()
			if revision != "" {
				revision = " " + revision
			}
			table, err := enrich.OpenTable("")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "friendlyfire %s%s\n%s; of %s\n", version, revision, enrich.Attribution, table.Built().Format(time.DateOnly))
			return errors.Join(err, table.Close())
		},
	}
}

// built returns the version, "(devel)" where there is none, and the commit that the program was built from.
func built() (version, revision string) {
	version = "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	return version, revision
}

// openOffline opens what commands need that only ask.
func openOffline(ctx context.Context, file string, s streams) (p *program, err error) {
	c, err := LoadOffline(file)
	if err != nil {
		return nil, err
	}
	p = &program{config: c, progress: newProgress(s.err)}
	if p.table, err = enrich.OpenTable(c.Enrich.Table); err == nil {
		if p.store, err = openStore(ctx, c); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(err, p.close())
}

// refresh reads and places what is new in the sources of this machine, unless a bot runs, which does so itself.
// What cannot be read is said and does no more harm.
func (p *program) refresh(ctx context.Context, s streams, w world) {
	unlock, err := lock(p.config.Database)
	if err != nil {
		return
	}
	defer unlock()
	var errs []error
	for _, source := range p.config.Sources {
		if source.SFTP == nil {
			errs = append(errs, p.reader(source, w).Step(ctx))
		}
	}
	errs = append(errs, p.store.UseTable(ctx, p.table.Name()),
		(&enrich.Locator{Store: p.store, Table: p.table, Next: func() {}}).Step(ctx))
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(s.err, "friendlyfire:", err)
	}
}

func lookupCommand(file *string, s streams, w world) *cobra.Command {
	var asJSON, again bool
	cmd := &cobra.Command{
		Use: "lookup IP...", Short: "Say what is known of addresses", Args: validate(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if _, err := netip.ParseAddr(arg); err != nil {
					return usage(fmt.Errorf("%q is no address", arg))
				}
			}
			return lookup(cmd.Context(), *file, args, again, asJSON, s, w)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, a line each")
	cmd.Flags().BoolVar(&again, "refresh", false, "ask the registry again, whatever is known")
	return cmd
}

func lookup(ctx context.Context, file string, addresses []string, again, asJSON bool, s streams, w world) error {
	p, err := openOffline(ctx, file, s)
	if err != nil {
		return err
	}
	defer p.close() //nolint:errcheck // nothing is lost with it
	p.refresh(ctx, s, w)
	whois := p.whois(w)
	for _, address := range addresses {
		found, err := whois.Lookup(ctx, p.table, address, again)
		if err != nil {
			return err
		}
		if asJSON {
			if err := json.NewEncoder(s.out).Encode(found); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(s.out, "%s  %s\n", found.IP, found.Country.Name())
		for _, sentence := range found.Explained {
			fmt.Fprintf(s.out, "  %s\n", sentence)
		}
		fmt.Fprintf(s.out, "  bans here: %d\n", found.Bans)
	}
	return nil
}
