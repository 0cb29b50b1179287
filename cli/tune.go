package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/evidence/whatif"
	"friendlyfire/ingest"
)

// tuneFlags say which values are asked for.
type tuneFlags struct {
	jail, source    string
	maxRetry        int
	findTime, since string
	json            bool
}

func tuneCommand(env *app.Env) *cobra.Command {
	var f tuneFlags
	cmd := &cobra.Command{
		Use:   "tune [JAIL]",
		Short: "Say what another maxretry or findtime would have done",
		Long: strings.TrimSpace(`
Say what another maxretry or findtime would have done, from the lines "Found" of fail2ban.log and its rotated files
(loglevel INFO, which is the default). It counts as Fail2Ban does. What a banned address would have tried meanwhile
nobody knows, so that a more lenient value has two bounds; a stricter one is exact.
`),
		Args: validate(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.jail = args[0]
			}
			return tune(cmd.Context(), *env, f)
		},
	}
	cmd.Flags().StringVar(&f.source, "source", "", "only the source of this `NAME`")
	cmd.Flags().IntVar(&f.maxRetry, "maxretry", 0, "failures that bring a ban, `N` (default: some near the present)")
	cmd.Flags().StringVar(&f.findTime, "findtime", "", "the time within which they count, `D`: 600, 10m, 1h, 1d")
	cmd.Flags().StringVar(&f.since, "since", "30d", "look back for `PERIOD`: 24h, 7d, …, all")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON, a line for each jail")
	return cmd
}

// tuneLine is a line of the JSON. Counts are of distinct addresses, durations are in seconds; a since of 0 is all.
type tuneLine struct {
	Jail     string `json:"jail"`
	Source   string `json:"source"`
	MaxRetry int    `json:"maxretry"`
	FindTime int64  `json:"findtime"`
	Since    int64  `json:"since"`
	Now      struct {
		Banned  int `json:"banned"`
		Friends int `json:"friends"`
	} `json:"now"`
	Choices []tuneChoice `json:"choices"`
}

type tuneChoice struct {
	MaxRetry     int           `json:"maxretry"`
	FindTime     int64         `json:"findtime"`
	Banned       whatif.Bounds `json:"banned"`
	Friends      whatif.Bounds `json:"friends"`
	ExtraGuesses int           `json:"extra_guesses"`
}

// tuneQuestion is what is asked, understood.
type tuneQuestion struct {
	jail            string
	maxRetry        int
	findTime, since time.Duration // 0: not given, all
	json            bool
}

func (f tuneFlags) question() (q tuneQuestion, err error) {
	q = tuneQuestion{jail: f.jail, maxRetry: f.maxRetry, json: f.json}
	if f.maxRetry < 0 || f.maxRetry > 1e6 {
		err = fmt.Errorf("--maxretry %d: want 1 or more", f.maxRetry)
	}
	var err1, err2 error
	if f.findTime != "" {
		q.findTime, err1 = span("--findtime", f.findTime)
	}
	if f.since != "all" {
		q.since, err2 = span("--since", f.since)
	}
	return q, errors.Join(err, err1, err2)
}

// span reads a duration as Fail2Ban and friendlyfire write them: 600 (seconds), 10m, 1h, 30d.
func span(flag, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if n, ok := strings.CutSuffix(text, "d"); ok {
		var days int
		days, err = strconv.Atoi(n)
		d = time.Duration(days) * 24 * time.Hour
	} else if n, wrong := strconv.Atoi(text); wrong == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	const longest = 100 * 365 * 24 * time.Hour
	if err != nil || d < time.Second || d > longest {
		return 0, fmt.Errorf("%s %q: want a time such as 600, 10m, 24h or 30d", flag, text)
	}
	return d, nil
}

func tune(ctx context.Context, env app.Env, f tuneFlags) error {
	q, err := f.question()
	if err != nil {
		return usage(err)
	}
	a, err := app.OpenOffline(ctx, env)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	var sources []config.Source
	if f.source == "" {
		if sources, err = a.Sources(ctx); err != nil {
			return err
		}
	} else {
		source, err := app.SourceNamed(ctx, env, a.Config, f.source)
		if err != nil {
			return usage(err)
		}
		sources = []config.Source{source}
	}
	all, err := a.Tune(ctx, sources, bot.TuneQuestion{Jail: q.jail, Since: q.since, FindTime: q.findTime, Rules: q.rules()})
	if err != nil {
		return err
	}
	answered := false
	var errs []error
	for _, one := range all {
		for _, gap := range one.Gaps {
			fmt.Fprintf(env.Err, "friendlyfire: %s\n", gapSentence(ingest.Gap(gap)))
		}
		if one.Err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", one.Source, one.Err))
		} else if one.Silent() && len(all) > 1 {
			fmt.Fprintf(env.Err, "friendlyfire: %s\n", a.Words().Lacks(one, q.jail))
		}
		for _, res := range one.Results {
			answered = true
			q.print(env, one.Source, res)
		}
	}
	if !answered && errs == nil {
		var lacks []string
		for _, one := range all {
			lacks = append(lacks, a.Words().Lacks(one, q.jail).String())
		}
		return errors.New(strings.Join(lacks, "\n"))
	}
	return errors.Join(errs...)
}

// open reports whether no rule is asked for.
func (q tuneQuestion) open() bool { return q.maxRetry == 0 && q.findTime == 0 }

// rules are those that are asked for, or some around the present one.
func (q tuneQuestion) rules() func(whatif.Rule) []whatif.Rule {
	if q.open() {
		return bot.Ladder
	}
	rule := whatif.Rule{MaxRetry: q.maxRetry, FindTime: int64(q.findTime / time.Second)}
	return func(whatif.Rule) []whatif.Rule { return []whatif.Rule{rule} }
}

func (q tuneQuestion) print(env app.Env, source string, res whatif.Result) {
	if q.json {
		line := tuneLine{
			Jail: res.Jail, Source: source, MaxRetry: res.Present.MaxRetry, FindTime: res.Present.FindTime,
			Since: int64(q.since / time.Second), Choices: []tuneChoice{},
		}
		line.Now.Banned, line.Now.Friends = res.Banned, res.Friends
		for _, c := range res.Choices {
			line.Choices = append(line.Choices, tuneChoice{c.MaxRetry, c.FindTime, c.Banned, c.Friends, c.ExtraGuesses})
		}
		json.NewEncoder(env.Out).Encode(line) //nolint:errcheck,errchkjson // to people's terminals
		return
	}
	told := ""
	if !res.Told {
		told = " (inferred: the log does not name them)"
	}
	if res.Before.MaxRetry > 0 && res.Before.FindTime > 0 {
		told += fmt.Sprintf(" (before: %d, %s, which is left out)", res.Before.MaxRetry, seconds(res.Before.FindTime))
	}
	fmt.Fprintf(env.Out, "%s on %s: maxretry %d, findtime %s%s; banned %s, of them friends %s\n", res.Jail, source,
		res.Present.MaxRetry, seconds(res.Present.FindTime), told, bot.Number(res.Banned), bot.Number(res.Friends))
	for _, c := range res.Choices {
		fmt.Fprintf(env.Out, "  maxretry %d, findtime %s: banned %s, of them friends %s", c.MaxRetry,
			seconds(c.FindTime), bounds(c.Banned), bounds(c.Friends))
		if c.ExtraGuesses > 0 {
			fmt.Fprintf(env.Out, "; at most %s more guesses before these bans", bot.Number(c.ExtraGuesses))
		}
		fmt.Fprintln(env.Out)
	}
	if q.open() {
		fmt.Fprintln(env.Out, "  "+bot.Advice(res))
	}
}

func bounds(b whatif.Bounds) string {
	if b[0] == b[1] {
		return bot.Number(b[0])
	}
	return bot.Number(b[0]) + " to " + bot.Number(b[1])
}

// seconds is a duration as Fail2Ban's configuration takes it.
func seconds(n int64) string {
	switch {
	case n >= 86400 && n%86400 == 0:
		return fmt.Sprintf("%dd", n/86400)
	case n >= 3600 && n%3600 == 0:
		return fmt.Sprintf("%dh", n/3600)
	case n >= 60 && n%60 == 0:
		return fmt.Sprintf("%dm", n/60)
	}
	return fmt.Sprintf("%ds", n)
}
