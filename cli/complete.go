package cli

import (
	"context"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
)

// complete lets shells complete the values of a flag.
func complete(cmd *cobra.Command, flag string, values []string) {
	completeBy(cmd, flag, func() []string { return values })
}

// completeBy lets shells complete the values of a flag by those that are found when they are asked for.
func completeBy(cmd *cobra.Command, flag string, values func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}

// sourceNames returns the names of the configured sources; none if there is no configuration.
func sourceNames(env *app.Env) []string {
	c, err := env.Config().Load(config.ToAsk)
	if err != nil {
		return nil
	}
	return app.SourceNames(context.Background(), c)
}
