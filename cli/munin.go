package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/store"
)

// asPlugin is the command line of a program that munin-node runs by a link of another name: it sets MUNIN_PLUGSTATE,
// and asks with "config", "autoconf" or nothing.
func asPlugin(args []string) []string {
	if os.Getenv("MUNIN_PLUGSTATE") != "" && (len(args) == 0 || len(args) == 1 && slices.Contains(muninQuestions, args[0])) {
		return append([]string{"munin"}, args...)
	}
	return args
}

var muninQuestions = []string{"config", "autoconf"}

func muninCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use: "munin [config|autoconf]", Short: "Be a plugin of Munin", ValidArgs: muninQuestions,
		Long: "Be a plugin of Munin: graphs of the addresses banned now, of bans and of friendly bans, by jail. It reads the\n" +
			"database beside the bot and changes nothing. FRIENDLYFIRE_CONFIG in its environment names the configuration\n" +
			"where --config does not. deploy/munin says how to install it.",
		Args: validate(cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)),
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

// munin answers one question of munin-node; "" asks for the values. "autoconf" prints nothing: what matters is whether
// there is an error.
func munin(ctx context.Context, env app.Env, question string) (err error) {
	env.File = cmp.Or(env.File, os.Getenv("FRIENDLYFIRE_CONFIG"))
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
			fmt.Fprintf(env.Out, "graph_category network\ngraph_args --base 1000 -l 0\ngraph_scale no\ngraph_total total\n")
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
			fmt.Fprintf(env.Out, "%s.value %d\n", f.name, f.take(counts))
		}
	}
	return nil
}

// muninGraph is one picture, with a line for each jail.
type muninGraph struct {
	name, title, axis, info string
	count                   func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) // by jail
}

var muninGraphs = []muninGraph{
	{
		"friendlyfire_banned", "Addresses banned by Fail2Ban", "addresses",
		"Addresses that are banned now, by jail, as far as the sources say how long bans last.", bannedNow,
	},
	{
		"friendlyfire_bans", "Bans by Fail2Ban in the past hour", "bans",
		"Bans of the past hour, by jail.",
		func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
			return inThePast(ctx, s, now, time.Hour, func(c store.Count) int64 { return c.Bans })
		},
	},
	{
		"friendlyfire_friendly", "Friendly bans by Fail2Ban in the past 24 hours", "bans",
		"Bans of friendly countries and networks in the past 24 hours, by jail.",
		func(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
			return inThePast(ctx, s, now, 24*time.Hour, func(c store.Count) int64 { return c.Friendly })
		},
	},
}

func inThePast(ctx context.Context, s *store.Store, now time.Time, d time.Duration, number func(store.Count) int64) (map[string]int64, error) {
	counts, err := s.ByJail(ctx, store.Window{From: now.Add(-d), To: now}, false)
	byJail := map[string]int64{}
	for _, row := range counts.Rows {
		byJail[row.Key] = number(row)
	}
	return byJail, err
}

// bannedNow counts the addresses banned at the moment, each once in a jail however often that banned it.
func bannedNow(ctx context.Context, s *store.Store, now time.Time) (map[string]int64, error) {
	byJail := map[string]int64{}
	type banned struct {
		jail    string
		address int64
	}
	seen := map[banned]bool{}
	err := s.ActiveBans(ctx, []time.Time{now}, func(h store.ActiveBan) {
		if b := (banned{h.Jail, h.Address}); !seen[b] {
			seen[b] = true
			byJail[h.Jail]++
		}
	})
	return byJail, err
}

// muninJails is how many jails have a line of their own, the first that became known; all others share one.
const muninJails = 40

// muninField is a line of every graph.
type muninField struct {
	name  string // unique, and the same as long as the jail has its name
	label string
	jail  string
	rest  bool // of all jails without a line of their own
}

// take takes the field's number out of the counts by jail; that of the rest comes last.
func (f muninField) take(counts map[string]int64) (n int64) {
	if !f.rest {
		n = counts[f.jail]
		delete(counts, f.jail)
		return n
	}
	for _, more := range counts {
		n += more
	}
	return n
}

func muninFields(ctx context.Context, s *store.Store) (fields []muninField, err error) {
	jails, err := s.Jails(ctx, muninJails+1)
	if err != nil {
		return nil, err
	}
	rest := len(jails) == 0 || len(jails) > muninJails // Munin does not like graphs without a line
	taken := map[string]bool{}
	for _, jail := range jails[:min(muninJails, len(jails))] {
		if store.HoldsAddress(jail) {
			rest = true
			continue
		}
		name := muninName(jail)
		if taken[name] {
			h := fnv.New32a()
			h.Write([]byte(jail))
			name = fmt.Sprintf("%s_%08x", name, h.Sum32())
		}
		taken[name] = true
		fields = append(fields, muninField{name: name, label: muninLabel(jail), jail: jail})
	}
	if rest {
		fields = append(fields, muninField{name: "other", label: "other jails", rest: true})
	}
	return fields, nil
}

// muninName makes a jail's name a field's: letters, digits and underscores, with a letter first. Behind "jail_" it is
// none of the names that Munin keeps for itself.
func muninName(jail string) string {
	return "jail_" + strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, cmp.Or(jail, "unnamed"))
}

// muninLabel is the jail's name without what means something in Munin's configuration.
func muninLabel(jail string) string {
	return cmp.Or(store.Clean(strings.NewReplacer(`\`, "_", "#", "_", "$", "_").Replace(jail), 30), "unnamed jail")
}
