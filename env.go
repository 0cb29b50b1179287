package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// Env is what the process has of the world around it. With Dial and Watch replaced the whole program runs by itself.
type Env struct {
	File     string // the configuration, as --config names it; "": none was named
	Defaults []byte // the built-in configuration

	In       io.Reader
	Out, Err io.Writer

	// Dial opens connections; nil: each in its usual way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Watch calls wake whenever the file at path has changed, until ctx ends.
	Watch func(ctx context.Context, path string, wake func()) error
}

// client speaks HTTP through Dial; nil where there is none.
func (e Env) client() *http.Client {
	if e.Dial == nil {
		return nil
	}
	return &http.Client{Transport: &http.Transport{
		DialContext: e.Dial, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 20 * time.Second,
	}}
}
