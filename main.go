// Command friendlyfire tells an administrator in chat, at once, when Fail2Ban bans somebody it should not.
package main

import (
	_ "embed"
	"os"

	"friendlyfire/cli"
)

//go:embed config.toml
var defaults []byte

func main() { os.Exit(cli.Main(defaults)) }
