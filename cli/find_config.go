package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
)

// findConfig looks for the configuration where --config names none: in this directory, and then where packages put it.
// It says which one is used if that is not the first. Commands that read none are left alone, and so is munin's, whose
// output is for a program.
func findConfig(cmd *cobra.Command, env *app.Env) {
	switch cmd.Name() {
	case "act", "version", "help", "bash", "zsh", "fish", "powershell", cobra.ShellCompRequestCmd:
		return
	}
	munin := cmd.Name() == "munin"
	if env.File != "" || munin && os.Getenv(muninConfig) != "" || isHere(config.DefaultFile) {
		return
	}
	said := "there is no " + config.DefaultFile + " here"
	if system := systemFile(*env); exists(system) {
		env.File = system
		said += ", so this is about " + system
	} else if cmd.Name() == "init" {
		return // which makes one, and says so
	} else {
		said += " and no " + system + ", so the built-in one is used"
	}
	if !munin {
		fmt.Fprintln(env.Err, "friendlyfire:", said)
	}
}

// systemFile is where packages put the configuration.
func systemFile(env app.Env) string {
	return cmp.Or(env.SystemFile, filepath.Join(env.Root, config.SystemFile))
}

// isHere reports whether the file is in this directory. One that may not be entered, such as root's home for the bot's
// user, has none.
func isHere(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// exists reports whether there is something of that name, readable or not.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil || !os.IsNotExist(err)
}
