package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/bot/msg"
)

func purgeCommand(env *app.Env) *cobra.Command {
	var trust bool
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Forget what is older than [privacy] keep_days now, and keep its counts",
		Long: strings.TrimSpace(`
Forget what is older than [privacy] keep_days, as the bot does by itself every day: bans, their addresses, what
registries said of them, and the words of messages from then. Counts stay. No byte of it is left in the database
or its copies. The bot may run meanwhile. Where it has not run for more than a day by this machine's clock, the
clock may be wrong, and nothing is deleted by it without --trust-clock.
`),
		Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			a, err := app.OpenOffline(cmd.Context(), *env)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			purged, err := a.Purge(cmd.Context(), trust)
			if _, ok := errors.AsType[*app.AstrayError](err); ok {
				return fmt.Errorf("%w. Nothing was deleted. If that is right: friendlyfire purge --trust-clock", err)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "Forgot what is before %s: bans %s, addresses %s. Their counts stay.\n",
				purged.Before.Format(msg.YearForm), bot.Number(purged.Bans), bot.Number(purged.Addresses))
			return nil
		},
	}
	cmd.Flags().BoolVar(&trust, "trust-clock", false, "even if the bot has not run for more than a day by this clock")
	return cmd
}
