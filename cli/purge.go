package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
)

func purgeCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use: "purge", Short: "Forget what is older than [privacy] keep_days now, and keep its counts", Args: validate(cobra.NoArgs),
		Long: "Forget what is older than [privacy] keep_days, as the bot does by itself every day: bans, their addresses, what\n" +
			"registries said of them, and the words of messages from then. Counts stay. No byte of it is left in the database\n" +
			"or its copies. The bot may run meanwhile.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			p, err := app.OpenOffline(cmd.Context(), *env)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.Close()) }()
			gone, err := p.Purge(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "Forgot what is before %s: bans %d, addresses %d. Their counts stay.\n", gone.Before.Format(time.DateOnly), gone.Bans, gone.Addresses)
			return nil
		},
	}
}
