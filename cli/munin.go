package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/store"
)

// muninQuestions are the arguments that munin-node gives to a plugin. Without one it wants the values.
var muninQuestions = []string{"config", "autoconf"}

// asPlugin returns the command line with the command "munin" in front if munin-node runs the program. munin-node calls
// a plugin by a link of any name; it sets MUNIN_PLUGSTATE.
func asPlugin(args []string) []string {
	question := len(args) == 0 || len(args) == 1 && slices.Contains(muninQuestions, args[0])
	if question && os.Getenv("MUNIN_PLUGSTATE") != "" {
		return append([]string{"munin"}, args...)
	}
	return args
}

// muninConfig is the variable that names the configuration to a plugin.
const muninConfig = "FRIENDLYFIRE_CONFIG"

func muninCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "munin [config|autoconf]",
		Short: "Be a plugin of Munin",
		Long: strings.TrimSpace(`
Be a plugin of Munin: graphs of the addresses banned now, of bans and of friendly bans, by jail. It reads the
database beside the bot and changes nothing. FRIENDLYFIRE_CONFIG in its environment names the configuration
where --config does not. deploy/munin says how to install it.
`),
		ValidArgs: muninQuestions,
		Args:      validate(cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, args []string) error {
			question := strings.Join(args, "")
			err := munin(cmd.Context(), *env, question)
			if question != "autoconf" {
				return err
			}
			answer := "yes"
			if err != nil {
				answer = "no (" + store.Clean(err.Error(), 200) + ")"
			}
			_, err = fmt.Fprintln(env.Out, answer)
			return err
		},
	}
}

// munin answers a question of munin-node; "" asks for the values. For "autoconf" it prints nothing: its error is the
// answer.
func munin(ctx context.Context, env app.Env, question string) (err error) {
	env.File = cmp.Or(env.File, os.Getenv(muninConfig))
	c, err := env.Config().Load(config.ToAsk)
	if err != nil {
		return err
	}
	db, err := store.OpenToRead(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fields, err := muninFields(ctx, db)
	if err != nil || question == "autoconf" {
		return err
	}
	now := time.Now()
	for _, g := range muninGraphs {
		fmt.Fprintln(env.Out, "multigraph "+g.name)
		if question == "config" {
			fmt.Fprintf(env.Out, "graph_title %s\ngraph_vlabel %s\ngraph_info %s\n", g.title, g.axis, g.info)
			fmt.Fprint(env.Out, "graph_category network\ngraph_args --base 1000 -l 0\n")
			fmt.Fprint(env.Out, "graph_scale no\ngraph_total total\n")
			for _, f := range fields {
				fmt.Fprintf(env.Out, "%s.label %s\n%s.min 0\n", f.name, f.label, f.name)
			}
			continue
		}
		counts, err := g.count(ctx, db, now)
		if err != nil {
			return err
		}
		for _, f := range fields {
			fmt.Fprintf(env.Out, "%s.value %s\n", f.name, f.take(counts))
		}
	}
	return nil
}

// muninGraph is one picture, with a line for each jail.
type muninGraph struct {
	name, title, axis, info string

	// count returns the values by jail; a negative one is not known.
	count func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error)
}

var muninGraphs = []muninGraph{
	{
		"friendlyfire_banned", "Addresses banned by Fail2Ban", "addresses",
		"Addresses that are banned now, by jail; unknown where no source says when bans end.", bannedNow,
	},
	{
		"friendlyfire_bans", "Bans by Fail2Ban in the past hour", "bans",
		"Bans of the past hour, by jail.",
		func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
			return countByJail(ctx, s, past(time.Hour, now), func(c store.Count) int64 { return c.Bans })
		},
	},
	{
		"friendlyfire_friendly", "Friendly bans by Fail2Ban in the past 24 hours", "bans",
		"Bans of friendly countries and networks in the past 24 hours, by jail.",
		func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
			return countByJail(ctx, s, past(24*time.Hour, now), func(c store.Count) int64 { return c.Friendly })
		},
	},
}

// unknown is the value of a jail that is not known.
const unknown = -1

func past(d time.Duration, now time.Time) store.Window {
	return store.Window{From: now.Add(-d), To: now}
}

// countByJail returns one number of each jail's count.
func countByJail(
	ctx context.Context, s *store.Store, w store.Window, number func(store.Count) int64,
) (map[string]int64, error) {
	counts, err := s.ByJail(ctx, w, false)
	byJail := map[string]int64{}
	for _, row := range counts.Rows {
		byJail[row.Key] = number(row)
	}
	return byJail, err
}

// bannedNow counts by jail the addresses that are banned now. It counts an address once in each jail, however often
// that has banned it. For a jail of which no
// source says when its bans end, it is unknown.
func bannedNow(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
	endless, err := s.EndlessJails(ctx)
	if err != nil {
		return nil, err
	}
	byJail := map[string]int64{}
	type banned struct {
		jail    string
		address int64
	}
	seen := map[banned]bool{}
	err = s.ActiveBans(ctx, []time.Time{now}, func(ban store.ActiveBan) {
		if b := (banned{ban.Jail, ban.Address}); !seen[b] {
			seen[b] = true
			byJail[ban.Jail]++
		}
	})
	for jail := range endless {
		if byJail[jail] == 0 {
			byJail[jail] = unknown
		}
	}
	return byJail, err
}
