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
			table, err := enrich.OpenTable("", "")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(env.Out, "friendlyfire %s%s\nTable of %s\n%s\n",
				version, revision, table.Built().Format(time.DateOnly), enrich.Attribution)
			return errors.Join(err, table.Close())
		},
	}
}
