package app

import (
	"context"
	"io"
	"net"

	"friendlyfire/config"
	"friendlyfire/ingest"
)

// Env is what the process has of the world around it. With Dial and Watch replaced, the whole program runs without a
// network and without file events.
type Env struct {
	File     string // the configuration, as --config names it; "": none was named
	Defaults []byte // the built-in configuration
	// SystemFile is where packages put the configuration; "": config.SystemFile.
	SystemFile string
	// Root is where the files of this machine are looked for; "": in /.
	Root string

	In       io.Reader
	Out, Err io.Writer

	// Dial opens connections; nil: each part dials in its usual way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Watch calls wake whenever the file at path has changed, until ctx ends.
	Watch func(ctx context.Context, path string, wake func()) error
	// WatchPattern is ingest.WatchPattern; nil: the files of patterns are polled.
	WatchPattern func(ctx context.Context, p ingest.Pattern, changed func(file string), limited func(error)) error
}

// Config returns what reads the configuration and writes into it.
func (e Env) Config() config.Loader {
	return config.Loader{File: e.File, Defaults: e.Defaults, Sections: sections}
}
