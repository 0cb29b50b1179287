package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/act"
	"friendlyfire/store"
)

// The rules of so many jails of a server are asked for, each of which takes the helper half a second or so. Where so
// many of them are not told, no more are: the helper is of an older version, or Fail2Ban does not answer.
const mostRules, mostUntold = 50, 3

// AskRules asks a source's Fail2Ban, which helpers can reach, for the rules of its jails, and keeps what has changed:
// not every log says them, and none what was set by hand. It acts on nothing.
func (a *Acting) AskRules(ctx context.Context, source string) error {
	server := a.Servers[source]
	said := server.Do(ctx, act.Request{Verb: act.Jails})
	if said.Outcome != act.Done {
		return errors.New("its jails are not known: " + said.Text)
	}
	jails := slices.DeleteFunc(strings.Fields(said.Text), func(jail string) bool { return !act.GoodJail(jail) })
	var rules []store.Rule
	var failed []error
	for _, jail := range jails[:min(mostRules, len(jails))] {
		said := server.Do(ctx, act.Request{Verb: act.Rules, Jail: jail})
		rule, err := act.ParseRule(said.Text)
		if said.Outcome != act.Done || err != nil {
			failed = append(failed, fmt.Errorf("the rule of %s is not known: %s", jail, store.Clean(said.Text, 150)))
			if len(failed) == mostUntold {
				break
			}
			continue
		}
		rules = append(rules,
			store.Rule{Jail: jail, Setting: store.MaxRetry, Value: rule.MaxRetry},
			store.Rule{Jail: jail, Setting: store.FindTime, Value: rule.FindTime},
			store.Rule{Jail: jail, Setting: store.BanTime, Value: rule.BanTime})
	}
	if len(rules) > 0 {
		failed = append(failed, a.Store.AskedRules(ctx, source, rules, time.Now()))
	}
	return errors.Join(failed...)
}
