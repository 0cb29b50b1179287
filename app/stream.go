package app

import (
	"context"
	"time"

	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/stream"
)

// cluster returns the servers of NATS that the configuration names.
func (a *App) cluster(list, credentials, ca string) stream.Cluster {
	servers, encrypted, _ := config.ParseNATS(list) // it was read before
	return stream.Cluster{
		Servers: servers, TLS: encrypted, Credentials: credentials, CA: ca, Name: "friendlyfire", Dial: a.env.Dial,
	}
}

// Stream returns what reads the stream of a source. The App closes it.
func (a *App) Stream(c config.Source) *stream.Subscriber {
	s := &stream.Subscriber{
		Cluster: a.cluster(c.NATS, c.NATSCredentials, c.NATSCA), Stream: c.Stream, Wake: func() {},
	}
	a.streams = append(a.streams, s)
	return s
}

// ToConnect returns an App that has no database, and can connect to streams. The caller closes it.
func ToConnect(c *config.Config, env Env) *App { return &App{env: env, Config: c} }

// readStream returns the stage that reads a stream, and the one that takes what the stream does not bring in time.
func (b *builder) readStream(c config.Source, next func()) (s, early *stage) {
	subscriber := b.Stream(c)
	s, early = newStage("read "+c.Name, c.Every), newStage("read "+c.Name+" early", time.Minute)
	subscriber.Wake, subscriber.WakeEarly = s.Wake, early.Wake
	reader := &ingest.StreamReader{
		Store: b.Store, Name: c.Name, Stream: subscriber, MaxAge: b.Config.Alerts.MaxAge, Clock: b.clock,
		Place: b.place(), Next: next, Again: s.RetryIn, Progress: b.progressed,
		Lost: b.tellOfLoss(c.Name),
	}
	for _, source := range b.Config.Sources {
		reader.Configured = append(reader.Configured, source.Name)
	}
	b.health.Sources = append(b.health.Sources, bot.Watched{Name: c.Name, SilentAfter: c.SilentAfter})
	b.readers = append(b.readers, streamReader{reader, c})
	return s.doing(reader.Step), early.doing(reader.StepEarly)
}

// tellOfLoss returns what tells the chats of messages that the stream has dropped.
func (b *builder) tellOfLoss(source string) func(context.Context, ingest.Loss) error {
	return func(ctx context.Context, l ingest.Loss) error {
		return b.health.MessagesLost(ctx, source, l.Until, l.Messages, l.Why)
	}
}

// streamReader is a stream that the daemon reads.
type streamReader struct {
	*ingest.StreamReader
	source config.Source
}
