package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/store"
)

func backupCommand(file *string, s streams) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a copy of the database, while the bot runs or not", Args: validate(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := LoadOffline(*file)
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
			fmt.Fprintf(s.out, "%s: %d kB\n", args[0], (size+999)/1000)
			return nil
		},
	}
}

// mended runs serve, and again each time that the database was found damaged and has been mended. Damage that comes
// again at once is given up: the disk may be failing.
func mended(ctx context.Context, database string, log *slog.Logger, serve func() error) error {
	for last := (time.Time{}); ; {
		err := unlessStopped(ctx, store.Check(ctx, database))
		if err == nil {
			err = serve()
		}
		damage := store.Corruption(database, err)
		if damage == nil || time.Since(last) < time.Minute {
			return err
		}
		last = time.Now()
		log.Error("the database is damaged", "database", database, "it", damage.Reason, "error", err)
		if _, err := os.Lstat(database); damage.Lost && err == nil {
			continue // it was rescued, or is another one that somebody has put there
		}
		m, err := store.Restore(ctx, database, damage.Reason, last)
		if err != nil {
			return err
		}
		log.Info("the database is mended", "database", database, "kept as", m.Aside)
	}
}

// rescue keeps what is open of a database whose file is lost.
func (p *program) rescue(ctx context.Context, err error) error {
	if damage := store.Corruption(p.config.Database, err); damage != nil && damage.Lost {
		return p.store.Rescue(context.WithoutCancel(ctx), damage.Reason, time.Now())
	}
	return nil
}

// watched is a step after which the program stops if it has met a damaged database.
func (p *program) watched(step func(context.Context) error, stop context.CancelCauseFunc) func(context.Context) error {
	return func(ctx context.Context) error {
		err := step(ctx)
		if damage := store.Corruption(p.config.Database, err); damage != nil {
			stop(damage)
		}
		return err
	}
}
