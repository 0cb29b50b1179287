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
	"friendlyfire/store"
)

// lowDisk is when the database may soon find no room.
const lowDisk = 100_000_000 // bytes

func checkDatabase(ctx context.Context, f *findings, p *app.App) {
	const what = "database"
	path := p.Config.Database
	size, err := p.Store.Size(ctx)
	if err == nil {
		err = p.Store.Intact(ctx)
	}
	if err != nil {
		f.wrong(what, err, adviceForDatabase(path, err))
		return
	}
	free, err := p.FreeSpace()
	if err != nil {
		f.wrong(what, err, "")
		return
	}
	if free < lowDisk {
		f.wrong(what, fmt.Errorf("%s: the disk has %s left", path, bot.Size(free)), "Make room: without it nothing new is kept, and alerts wait.")
		return
	}
	if err := rightOwner(path); err != nil {
		f.wrong(what, err, giveBack(path))
		return
	}
	f.ok(what, "%s, %s, sound; %s left on the disk", path, bot.Size(size), bot.Size(free))
}

// rightOwner returns an error if the database belongs to another user than its directory: a bot that runs as the one
// cannot write to it, and it only looks well to root.
func rightOwner(path string) error {
	var file, dir syscall.Stat_t
	if err := errors.Join(syscall.Stat(path, &file), syscall.Stat(filepath.Dir(path), &dir)); err != nil {
		return err
	}
	if os.Geteuid() == 0 && dir.Uid != 0 && file.Uid != dir.Uid {
		return fmt.Errorf("%s belongs to user %d, and its directory to user %d", path, file.Uid, dir.Uid)
	}
	return nil
}

// adviceForDatabase is for who may not open it. Its directory belongs to the user that runs the bot.
func adviceForDatabase(path string, err error) string {
	directory := store.Owner(filepath.Dir(path))
	switch file := store.Owner(path); {
	case !errors.Is(err, fs.ErrPermission) || directory == "":
		return ""
	case file != "" && file != directory:
		return giveBack(path)
	}
	return "Only " + directory + ", to whom its directory belongs, may open it: run this with sudo -u " + directory + "."
}

func giveBack(path string) string {
	return "Give it to the user that runs the bot: chown " + store.Owner(filepath.Dir(path)) + " " + store.ShellQuote(path) + "*"
}
