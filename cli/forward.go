package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"friendlyfire/app"
)

func forwardCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "forward",
		Short: "Run the agent of a fleet: publish what this server bans, for a bot elsewhere",
		Long: strings.TrimSpace(`
Read the sources, as the bot does, and publish what is new to NATS, where the bot of a fleet reads it as one source. How
far it has read and what it has yet to publish stands in its own database, so that nothing is lost while NATS is away. It
needs no chat and no token of one.
`),
		Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return app.Forward(cmd.Context(), *env) },
	}
}
