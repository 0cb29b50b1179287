package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/enrich"
)

func versionCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "What this program is made of", Args: validate(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			version, revision := app.Version()
			if revision != "" {
				revision = " " + revision
			}
			table, err := enrich.OpenTable("")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(env.Out, "friendlyfire %s%s\n%s; of %s\n",
				version, revision, enrich.Attribution, table.Built().Format(time.DateOnly))
			return errors.Join(err, table.Close())
		},
	}
}
