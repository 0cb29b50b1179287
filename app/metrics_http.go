package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"friendlyfire/config"
)

// handler serves /metrics: the bot's own, and those of the Go runtime and the process.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelError),
		MaxRequestsInFlight: 4, Timeout: 15 * time.Second,
	}))
	return mux
}

// serve answers requests until ctx ends. Then it returns nil.
func (m *metrics) serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	server := &http.Server{
		Handler:           m.handler(log),
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stop := context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // nothing is lost by it
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen opens the port that the configuration names, and returns nil if it names none. The error is a *config.Error.
func listen(ctx context.Context, c *config.Config) (net.Listener, error) {
	if c.Metrics.Listen == "" {
		return nil, nil //nolint:nilnil // no port is what was asked for
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Metrics.Listen)
	if err != nil {
		if e, ok := errors.AsType[*net.OpError](err); ok {
			err = e.Err // without the address, which the file has
		}
		return nil, &config.Error{Mistakes: []config.Mistake{{
			File: c.File, Key: "metrics.listen", Text: "cannot listen there: " + err.Error(),
		}}}
	}
	return l, nil
}
