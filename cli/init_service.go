package cli

import (
	"context"
	"fmt"
	"os"

	"friendlyfire/store"
)

// askRights finds out what the user of the service lacks to read the bans, and the log beside them.
func (i *initializer) askRights(ctx context.Context) error {
	service, ok := i.serviceAccount()
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	for _, file := range []string{i.plan.source.Path, i.plan.source.Log} {
		if file == "" || service.mayRead(ctx, file) {
			continue
		}
		if _, group := store.Readers(file); group != "" && service.closedDirectory(ctx, file) == "" {
			i.plan.join = joinGroup(service.name, group)
			continue
		}
		fmt.Fprintf(i.q.out, "\n%s may not read %s. %s\n", service.name, file, adviceToRead(ctx, file, service.name))
	}
	return nil
}

// serviceAccount is the user of the database that the configuration will name.
func (i *initializer) serviceAccount() (account, bool) { return serviceAccount(i.database()) }

// database is the one that the configuration will name.
func (i *initializer) database() string {
	for _, s := range i.plan.settings {
		if s.Section == "" && s.Key == "database" {
			return s.Text
		}
	}
	return i.config.Database
}

// askService asks whether the bot is to run from now on, where this machine starts services.
func (i *initializer) askService(ctx context.Context) (err error) {
	if i.serviceCommands(true) == nil || i.env.File != systemFile(i.env) || os.Geteuid() != 0 {
		return nil
	}
	wanted := i.o.service
	if !i.o.given("service") {
		wanted, err = i.q.yes(ctx, "\nStart the bot, now and with every start of this machine?", true)
	}
	i.plan.service = wanted
	return err
}

// serviceCommands enable the service and start it, anew if its configuration has changed; nil where nothing here starts
// services.
func (i *initializer) serviceCommands(changed bool) [][]string {
	start := "start"
	if changed {
		start = "restart"
	}
	switch {
	case exists(i.root("/run/systemd/system")):
		return [][]string{{"systemctl", "enable", "friendlyfire"}, {"systemctl", start, "friendlyfire"}}
	case exists(i.root("/run/openrc")):
		return [][]string{{"rc-update", "add", "friendlyfire"}, {"rc-service", "friendlyfire", start}}
	case exists(i.root("/usr/local/etc/rc.d/friendlyfire")):
		return [][]string{{"sysrc", "friendlyfire_enable=YES"}, {"service", "friendlyfire", start}}
	}
	return nil
}
