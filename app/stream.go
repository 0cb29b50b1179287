package app

import (
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

// readStream returns the stage that reads a stream.
func (b *builder) readStream(c config.Source, next func()) *stage {
	subscriber := b.Stream(c)
	s := newStage("read "+c.Name, c.Every)
	subscriber.Wake = s.Wake
	reader := &ingest.StreamReader{
		Store: b.Store, Name: c.Name, Stream: subscriber, MaxAge: b.Config.Alerts.MaxAge, Clock: b.clock,
		Place: b.place(), Next: next, Again: s.RetryIn, Progress: b.progressed,
	}
	for _, source := range b.Config.Sources {
		reader.Configured = append(reader.Configured, source.Name)
	}
	b.health.Sources = append(b.health.Sources, bot.Watched{Name: c.Name, SilentAfter: c.SilentAfter})
	return s.doing(reader.Step)
}
