package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"friendlyfire/app"
	"friendlyfire/enrich"
)

// oldTable is the age at which so many addresses have changed countries that it matters.
const oldTable = 180 * 24 * time.Hour

func checkTable(list *checklist, a *app.App) {
	c := a.Config.Enrich
	checkAge(list, "country table", a.Table.Name(), a.Table.Built(), c.Table != "", "table")
	if c.SystemTable != "" {
		checkAge(list, "network table", a.Table.SystemsName(), a.Table.SystemsBuilt(), true, "as_table")
	}
	for _, system := range a.Table.Missing(a.Config.Friendly.Systems) {
		list.note("friendly", fmt.Sprintf("nobody is friendly by %s: no network of it is in %s", system, a.Table.SystemsName()),
			"Is the number right? friendlyfire lookup ADDRESS, of one of your users, names the one that he is in. A network\n"+
				"so new that the table does not know it can be written as \"203.0.113.0/24\" beside it.")
	}
}

// checkAge notes a table that is old: one's own, or the built-in one in place of which the key names another.
func checkAge(list *checklist, what, name string, built time.Time, own bool, key string) {
	age := time.Since(built)
	found := fmt.Sprintf("%s, %d days old", name, int(age.Hours()/24))
	switch {
	case age < oldTable:
		list.ok(what, "%s", found)
	case own:
		list.note(what, found, "Networks move between countries and holders: put a newer file in its place.")
	default:
		list.note(what, found,
			"Networks move between countries: upgrade friendlyfire, or name a newer .mmdb file in [enrich] "+key+".")
	}
}

// reachLimit is how long the registries, all at once, may take to accept a connection.
const reachLimit = 5 * time.Second

// checkWhois opens a connection to each registry, or to the mirror if there is one, and asks nothing.
func checkWhois(ctx context.Context, list *checklist, mirror string, env app.Env) {
	const what = "whois"
	servers := enrich.Registries()
	if mirror != "" {
		servers = []string{mirror}
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() { errs[i] = (&enrich.Client{Dial: env.Dial}).Reach(ctx, server) })
	}
	wg.Wait()
	var unreachable []string
	for i, server := range servers {
		if errs[i] != nil {
			unreachable = append(unreachable, server)
		}
	}
	const tableAlone = "\nUntil then countries come from the table alone."
	switch {
	case unreachable == nil:
		list.ok(what, "%s let us in", strings.Join(servers, ", "))
	case mirror != "":
		list.note(what, fmt.Sprintf("%s does not let us in: %v", mirror, inWords(errs[0])),
			"Is [enrich] whois_server right, and does it run?"+tableAlone)
	case len(unreachable) == len(servers):
		list.note(what, fmt.Sprintf("no registry lets us in: %v", inWords(errs[0])),
			"Let this machine connect to TCP port 43, or write whois = false into [enrich]."+tableAlone)
	default:
		list.note(what, strings.Join(unreachable, ", ")+" did not let us in",
			"The others did. It is tried again whenever an address of theirs comes up.")
	}
}
