// Command friendlyfire tells an administrator, in chat and at once, when Fail2Ban bans somebody it should not.
//
// This package is the process: commands, configuration, wiring, and all goroutines but two.
package main

import (
	"context"
	_ "embed"
	"friendlyfire/ingest"
	"os"
	"os/signal"
	"syscall"
)

//go:embed config.toml
var defaultConfig []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], Env{Defaults: defaultConfig, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Watch: ingest.Watch})
	stop()
	os.Exit(code)
}
