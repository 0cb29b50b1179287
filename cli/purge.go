package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
)

func purgeCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "purge",
		Short: "Forget what is older than [privacy] keep_days now, and keep its counts",
		Long: strings.TrimSpace(`
Forget what is older than [privacy] keep_days, as the bot does by itself every day: bans, their addresses, what
registries said of them, and the words of messages from then. Counts stay. No byte of it is left in the database
or its copies. The bot may run meanwhile.
`),
		Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			a, err := app.OpenOffline(cmd.Context(), *env)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			purged, err := a.Purge(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "Forgot what is before %s: bans %d, addresses %d. Their counts stay.\n",
				purged.Before.Format(time.DateOnly), purged.Bans, purged.Addresses)
			return nil
		},
	}
}
