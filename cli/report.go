package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/bot/terminal"
)

// reportFlags say what is to be reported, and in which form.
type reportFlags struct {
	by, since string
	out       string // the file for the picture; "": none
	json, csv bool
}

// check returns an error for flags that exclude each other and for values that do not exist. Others become what is
// meant.
func (f *reportFlags) check() error {
	if f.json && f.csv {
		return errors.New("--json and --csv: want one of them")
	}
	switch ext := strings.ToLower(filepath.Ext(f.out)); ext {
	case "", ".png", ".svg":
	default:
		return fmt.Errorf("--out %s: no picture can be written as %s; want a name that ends in .png or .svg", f.out, ext)
	}
	return errors.Join(oneOf("--by", &f.by, bot.Kinds()), oneOf("--since", &f.since, bot.Periods()))
}

// oneOf makes the value of a flag the one that is meant.
func oneOf(flag string, value *string, all []string) error {
	meant, ok := bot.Meant(*value, all)
	if !ok {
		return fmt.Errorf("%s %q: want one of %s.%s", flag, *value, strings.Join(all, ", "), bot.DidYouMean(*value, all))
	}
	*value = meant
	return nil
}

func reportCommand(env *app.Env) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use: "report", Short: "Count the bans: in words, as a picture, as JSON or CSV", Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usage(err)
			}
			return report(cmd.Context(), *env, f)
		},
	}
	cmd.Flags().StringVar(&f.by, "by", "country", "count by `KIND`: "+strings.Join(bot.Kinds(), ", "))
	cmd.Flags().StringVar(&f.since, "since", "all", "look back for `PERIOD`: "+strings.Join(bot.Periods(), ", "))
	cmd.Flags().StringVar(&f.out, "out", "", "write the picture to `FILE`: SVG if its name ends in .svg, else PNG")
	complete(cmd, "by", bot.Kinds())
	complete(cmd, "since", bot.Periods())
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&f.csv, "csv", false, "print CSV, safe to open in a spreadsheet")
	return cmd
}

func report(ctx context.Context, env app.Env, f reportFlags) error {
	a, err := app.OpenOffline(ctx, env)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	a.Refresh(ctx)
	r, err := a.Reporter()
	if err != nil {
		return err
	}
	r.Tables = f.json || f.csv
	rep, err := r.Report(ctx, f.by, f.since, time.Now())
	if err != nil {
		return err
	}
	picture := r.Picture(rep)
	if f.out != "" {
		if err := save(f.out, picture); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return json.NewEncoder(env.Out).Encode(rep)
	case f.csv:
		return writeCSV(env.Out, rep.Rows)
	}
	fmt.Fprintln(env.Out, r.Caption(rep).String())
	if f.out != "" {
		fmt.Fprintln(env.Out, "Picture: "+f.out)
	} else if rep.Total > 0 {
		fmt.Fprintln(env.Out)
		return printChart(env.Out, picture, app.IsTerminal(env.Out), os.Getenv)
	}
	return nil
}

// save writes the picture: as SVG if the name of the file ends so, otherwise as PNG.
func save(file string, picture bot.Picture) error {
	draw := picture.PNG
	if strings.EqualFold(filepath.Ext(file), ".svg") {
		draw = picture.SVG
	}
	data, err := draw()
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// printChart draws the picture itself on a terminal that can show it, and elsewhere a chart of block characters.
func printChart(out io.Writer, picture bot.Picture, onTerminal bool, getenv func(string) string) error {
	if onTerminal {
		png, err := picture.PNG()
		if err != nil {
			return err
		}
		if terminal.Draw(out, png, getenv) {
			return nil
		}
	}
	fmt.Fprintln(out, strings.TrimRight(picture.Text(terminal.Width(app.Columns(out))), "\n"))
	return nil
}

// writeCSV writes a header and a row for each key. The cells with foreign names are defused.
func writeCSV(out io.Writer, rows []bot.Row) error {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	table := [][]string{{"key", "name", "bans", "addresses", "friendly"}}
	for _, row := range rows {
		table = append(table, []string{
			defuse(row.Key), defuse(row.Name), number(row.Bans), number(row.Addresses), number(row.Friendly),
		})
	}
	return csv.NewWriter(out).WriteAll(table)
}

// defuse puts a single quote before a cell that a spreadsheet would take for a formula and execute. The characters that
// formulas start with are those of OWASP's "CSV Injection", and NUL, which its ASVS adds (1.2.10).
func defuse(cell string) string {
	if strings.IndexAny(cell, "=+-@\t\r\n\x00＝＋－＠") == 0 {
		return "'" + cell
	}
	return cell
}
