package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/store"
)

func backupCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the database, while the bot runs or not",
		Args:  validate(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.Config().Load(config.ToAsk)
			if err != nil {
				return err
			}
			size, err := store.Copy(cmd.Context(), c.Database, args[0])
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s exists, and is left as it is", args[0])
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "%s: %s\n", args[0], bot.Size(size))
			return nil
		},
	}
}
