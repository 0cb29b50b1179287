package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/store"
)

// lowDisk is the free space, in bytes, below which the database may soon find no room.
const lowDisk = 100_000_000

func checkDatabase(ctx context.Context, list *checklist, a *app.App) {
	const what = "database"
	path := a.Config.Database
	size, err := a.Store.Size(ctx)
	if err == nil {
		err = a.Store.Intact(ctx)
	}
	if err != nil {
		list.problem(what, err, adviceForDatabase(a.Config, err))
		return
	}
	free, err := a.FreeSpace()
	if err != nil {
		list.problem(what, err, "")
		return
	}
	if free < lowDisk {
		list.problem(what, fmt.Errorf("%s: the disk has %s left", path, bot.Size(free)),
			"Make room: without it nothing new is kept, and alerts wait.")
		return
	}
	if err := checkOwner(path); err != nil {
		list.problem(what, err, giveBack(path))
		return
	}
	list.ok(what, "%s, %s, sound; %s left on the disk", path, bot.Size(size), bot.Size(free))
}

// checkOwner returns an error if the database belongs to another user than its directory, so that the bot cannot write
// to it. It looks only if run by root, to whom everything else would seem to be in order.
func checkOwner(path string) error {
	var file, dir syscall.Stat_t
	if err := errors.Join(syscall.Stat(path, &file), syscall.Stat(filepath.Dir(path), &dir)); err != nil {
		return err
	}
	if os.Geteuid() == 0 && dir.Uid != 0 && file.Uid != dir.Uid {
		return fmt.Errorf("%s belongs to user %d, and its directory to user %d", path, file.Uid, dir.Uid)
	}
	return nil
}

// botUser returns the name of the user that runs the bot, who owns the directory of the database; "" if that cannot be
// seen.
func botUser(database string) string { return store.Owner(filepath.Dir(database)) }

// adviceForDatabase says what to do if err is that the database may not be opened; about other errors it says nothing.
func adviceForDatabase(c *config.Config, err error) string {
	path := c.Database
	user := botUser(path)
	switch owner := store.Owner(path); {
	case !errors.Is(err, fs.ErrPermission) || user == "":
		return ""
	case owner != "" && owner != user:
		return giveBack(path)
	}
	return "Only " + user + ", to whom its directory belongs, may open it: " + asBot(path, "check")
}

// giveBack says how the user that runs the bot becomes the owner of the database, its -wal and -shm files included.
func giveBack(path string) string {
	chown := "chown " + store.ShellQuote(botUser(path)) + " " + store.ShellQuote(path) + "*"
	return "Give it to the user that runs the bot: sudo sh -c " + store.ShellQuote(chown)
}
