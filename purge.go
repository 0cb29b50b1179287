package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/store"
)

func purgeCommand(file *string, s streams) *cobra.Command {
	return &cobra.Command{
		Use: "purge", Short: "Forget what is older than [privacy] keep_days now, and keep its counts", Args: validate(cobra.NoArgs),
		Long: "Forget what is older than [privacy] keep_days, as the bot does by itself every day: bans, their addresses, what\n" +
			"registries said of them, and the words of messages from then. Counts stay. No byte of it is left in the database\n" +
			"or its copies. The bot may run meanwhile.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			p, err := openOffline(cmd.Context(), *file, s)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			gone, err := p.purge(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Forgot what is before %s: bans %d, addresses %d. Their counts stay.\n", gone.Before.Format(time.DateOnly), gone.Bans, gone.Addresses)
			return nil
		},
	}
}

// purge forgets what is older than the configuration allows.
func (p *program) purge(ctx context.Context) (store.Purged, error) {
	before := time.Now().AddDate(0, 0, -p.config.Privacy.KeepDays)
	gone, err := p.store.Purge(ctx, before)
	return gone, errors.Join(err, store.PurgeCopies(ctx, p.config.Database, before))
}
