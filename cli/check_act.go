package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"friendlyfire/act"
	"friendlyfire/app"
)

const adviceToAct = "Does the helper listen, and may this account ask it? It is for root and the account friendlyfire:\n" +
	"sudo systemctl enable --now friendlyfire-act.socket"

const adviceToActBySSH = "There, the account needs the key with command=\"/usr/bin/friendlyfire act --ssh\", and the helper:\n" +
	"see Acting in the manual."

// checkActs asks each helper which jails there are, and looks for users who may act and are not heard anywhere.
func checkActs(ctx context.Context, list *checklist, a *app.App) {
	acting := a.Acting()
	if acting == nil {
		return
	}
	for _, source := range a.Config.Sources {
		server, ok := acting.Servers[source.Name]
		if !ok {
			continue
		}
		what, advice := "acting on "+source.Name, adviceToAct
		if source.ActAccount != nil {
			advice = adviceToActBySSH
		}
		if answer := server.Do(ctx, act.Request{Verb: act.Jails}); answer.Outcome == act.Done {
			list.ok(what, "its jails are %s", answer.Text)
		} else {
			list.problem(what, errors.New(answer.Text), advice)
		}
	}
	heard := map[string]bool{}
	for _, platform := range app.Platforms(a.Config) {
		users, _ := app.UsersOf(platform)
		for _, user := range users {
			heard[user] = true
		}
	}
	for _, user := range a.Config.Act.Users {
		if !heard[user] {
			list.note("acting", "user "+user+" may act, but is not heard: no platform has such a user",
				"Those who may command are "+someOf(slices.Sorted(maps.Keys(heard)))+".")
		}
	}
}

// someOf names up to five, "nobody" where there is none.
func someOf(names []string) string {
	const most = 5
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names[:min(most, len(names))], ", ")
}
