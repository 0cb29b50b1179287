package cli

import (
	"cmp"
	"fmt"
	"os"

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
	if env.File != "" || munin && os.Getenv(muninConfig) != "" || exists(config.DefaultFile) {
		return
	}
	said := "there is no " + config.DefaultFile + " here"
	if system := cmp.Or(env.SystemFile, config.SystemFile); exists(system) {
		env.File = system
		said += ", so this is about " + system
	} else {
		said += " and no " + system + ", so the built-in one is used"
	}
	if !munin {
		fmt.Fprintln(env.Err, "friendlyfire:", said)
	}
}

// exists reports whether there is something of that name, readable or not.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil || !os.IsNotExist(err)
}
