package cli

import (
	"os"
	"regexp"
	"strings"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/store"
)

// An advice stands at the end of its line, after a colon or alone, or in backticks, so that it can be copied.
var advice = regexp.MustCompile("(?m)(^ *|: |`)(sudo (?:-u [^ ]+ )?)?friendlyfire (" + strings.Join([]string{
	"run", "report", "lookup", "check", "init", "pair", "import", "tune", "purge", "backup", "munin", "act", "unban", "trust",
	"untrust", "trusted", "acts", "forward", "nats",
}, "|") + ")\\b([^\n`]*)")

// asTyped returns the text with the commands that it advises as they must be typed here: about the configuration that
// was named, and by root where they write one that this user may not.
func asTyped(env app.Env, text string) string {
	return advice.ReplaceAllStringFunc(text, func(line string) string {
		m := advice.FindStringSubmatch(line)
		before, sudo, command, rest := m[1], m[2], m[3], m[4]
		if sudo == "" && strings.HasSuffix(rest, " --write") && !mayWrite(env.Config().Path()) {
			sudo = "sudo "
		}
		named := ""
		if file := env.File; file != "" && file != config.DefaultFile && file != systemFile(env) {
			named = "--config " + store.ShellQuote(file) + " "
		}
		return before + sudo + "friendlyfire " + named + command + rest
	})
}

// asBot is the line that runs a command of friendlyfire as the user of the bot. It still has to be made asTyped.
func asBot(database, command string) string {
	line := "friendlyfire " + command
	if user := botUser(database); user != "" && user != store.UserName(os.Geteuid()) {
		line = "sudo -u " + store.ShellQuote(user) + " " + line
	}
	return line
}
