package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
)

func importCommand(env *app.Env) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "import [FILE...]",
		Short: "Read in history: old logs, CSV files, Fail2Ban's database",
		Long: strings.TrimSpace(`
Read history into a source: logs and CSV files, also compressed (.gz .bz2 .xz .zst), and Fail2Ban's own database
(/var/lib/fail2ban/fail2ban.sqlite3), of which a copy is read. Without a FILE these are the rotated files beside the
source's own that were not read yet. A ban that is known already, from whatever file, is not counted again. There are
no alerts, and one summary in chat. The bot may run meanwhile.
`),
		Args: validate(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, files []string) error {
			if source == "" {
				return usage(errors.New("--source NAME says which source the bans are of"))
			}
			return importFiles(cmd.Context(), *env, source, files)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "the `NAME` of the source, or of a server whose bans a stream brings")
	completeBy(cmd, "source", func() []string { return sourceNames(env) })
	return cmd
}

func importFiles(ctx context.Context, env app.Env, name string, files []string) (err error) {
	c, err := env.Config().Load(config.ToAsk)
	if err != nil {
		return err
	}
	source, unknown := app.SourceNamed(ctx, env, c, name)
	if unknown != nil && !slices.ContainsFunc(c.Sources, func(s config.Source) bool { return s.NATS != "" }) {
		return usage(unknown)
	}
	infos, err := ingest.Named(ctx, files)
	if err != nil {
		return err
	}
	a, err := app.OpenOffline(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if unknown != nil {
		server, ok, err := a.ServerNamed(ctx, name)
		switch {
		case err != nil:
			return err
		case !ok:
			return usage(fmt.Errorf("%w, and no stream has brought a server of that name", unknown))
		case len(files) == 0:
			return usage(fmt.Errorf("which FILEs? Those of %s are on its own machine: a stream brings its bans", name))
		}
		source = server
	}
	importer := a.Importer(source, len(files) == 0)
	if len(files) == 0 {
		if infos, err = importer.Unread(ctx); err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
	}
	done, err := importer.Import(ctx, infos)
	printImported(env.Out, done)
	for _, gap := range done.Gaps {
		fmt.Fprintf(env.Err, "friendlyfire: %s\n", gapSentence(gap))
	}
	if err == nil && len(done.Gaps) > 0 {
		err = fmt.Errorf("%d of %d files could not be read to their end", len(done.Gaps), done.Files)
	}
	return err
}

// printImported prints one line.
func printImported(out io.Writer, done ingest.Imported) {
	var rejects []string
	sum := 0
	for _, reason := range slices.Sorted(maps.Keys(done.Rejects)) {
		rejects = append(rejects, bot.Number(done.Rejects[reason])+" "+reason)
		sum += done.Rejects[reason]
	}
	why := ""
	if sum > 0 {
		why = " (" + strings.Join(rejects, ", ") + ")"
	}
	old := ""
	if done.Old > 0 {
		old = "older than keep_days " + bot.Number(done.Old) + ", "
	}
	fmt.Fprintf(out, "Imported: files %s, lines %s, bans %s, new %s, %srejects %s%s, gaps %s.\n", bot.Number(done.Files),
		bot.Number(done.Lines), bot.Number(done.Bans), bot.Number(done.New), old, bot.Number(sum), why, bot.Number(len(done.Gaps)))
}

// gapSentence says what is wrong with a file.
func gapSentence(gap ingest.Gap) string {
	err := gap.Err
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if gap.Part {
		return fmt.Sprintf("%s is read up to where it cannot be read any further: %v", gap.File, err)
	}
	return fmt.Sprintf("%s cannot be read: %v", gap.File, err)
}
