package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/enrich"
)

func lookupCommand(env *app.Env) *cobra.Command {
	var asJSON, refresh bool
	cmd := &cobra.Command{
		Use: "lookup IP...", Short: "Say what is known of addresses", Args: validate(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if _, err := netip.ParseAddr(arg); err != nil {
					return usage(fmt.Errorf("%q is no address", arg))
				}
			}
			return lookup(cmd.Context(), *env, args, refresh, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, a line each")
	cmd.Flags().BoolVar(&refresh, "refresh", false, "ask the registry again, whatever is known")
	return cmd
}

// lookupLine is a line of the JSON.
type lookupLine struct {
	enrich.Finding

	Verdict string   `json:"verdict"` // "person", "attacker", "unclear"; "" without a ban
	Reasons []string `json:"reasons"`
}

func lookup(ctx context.Context, env app.Env, addresses []string, refresh, asJSON bool) error {
	a, err := app.OpenOffline(ctx, env)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	a.Refresh(ctx)
	whois, judge := a.Whois(), a.Judge()
	for _, address := range addresses {
		found, err := whois.Lookup(ctx, a.Table, address, refresh)
		if err != nil {
			return err
		}
		verdict, banned, err := judge.VerdictOf(ctx, found.IP)
		if err != nil {
			return err
		}
		if asJSON {
			line := lookupLine{Finding: found, Verdict: string(verdict.Who), Reasons: verdict.Reasons}
			if !banned {
				line.Reasons = []string{}
			}
			if err := json.NewEncoder(env.Out).Encode(line); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(env.Out, "%s  %s\n", found.IP, found.Country.Name())
		for _, sentence := range found.Explained {
			fmt.Fprintf(env.Out, "  %s\n", sentence)
		}
		fmt.Fprintf(env.Out, "  bans here: %s\n", bot.Number(found.Bans))
		if banned {
			fmt.Fprintf(env.Out, "  %s\n", verdict)
		}
	}
	return nil
}
