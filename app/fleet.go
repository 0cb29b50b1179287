package app

import (
	"context"
	"sync"
	"time"

	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/fleet"
	"friendlyfire/stream"
)

// voice is what a bot that shares its chats with another one needs.
type voice struct {
	*fleet.Member
	gate *fleet.Gate
	feed *stream.Subscriber
}

// Status implements bot.Voice.
func (v *voice) Status() bot.VoiceStatus {
	s := v.Member.Status()
	status := bot.VoiceStatus{
		Name: v.Name, Speaks: s.Speaks, Speaker: s.Speaker, Since: s.Since, Trouble: s.Trouble,
	}
	for _, p := range s.Partners {
		status.Partners = append(status.Partners, bot.Partner(p))
	}
	return status
}

// shared reports whether two bots share the chats of the configuration.
func shared(c *config.Config) bool { return c.Fleet.Name != "" }

// VoiceLog returns where two bots tell each other what was said. The caller closes it.
func (a *App) VoiceLog() *fleet.NATS {
	f := a.Config.Fleet
	return &fleet.NATS{Cluster: a.cluster(f.NATS, f.Credentials, f.CA), Topic: f.Stream}
}

// share makes the voice, if two bots share it.
func (a *App) share(ctx context.Context) error {
	if !shared(a.Config) {
		return nil
	}
	f, log := a.Config.Fleet, a.VoiceLog()
	v := &voice{feed: &stream.Subscriber{Cluster: log.Cluster, Stream: f.Stream, Wake: func() {}}}
	v.Member = &fleet.Member{
		Name: f.Name, Topic: f.Stream, Store: a.Store, Log: log, Feed: v.feed,
		Wake: func() {}, Trace: a.log,
	}
	v.gate = &fleet.Gate{Speaks: v.Speaks, Dial: a.env.Dial}
	a.voice = v
	return v.Open(ctx)
}

// speaks is the voice as the bot sees it; nil: it is nobody else's.
func (a *App) speaks() bot.Voice {
	if a.voice == nil {
		return nil
	}
	return a.voice
}

// shareStages are the stages that keep the voice.
func (b *builder) shareStages() []*stage {
	if b.voice == nil {
		return nil
	}
	lead, hear := newStage("voice", 500*time.Millisecond), newStage("voice log", time.Second)
	b.voice.Wake, b.voice.feed.Wake = hear.Wake, hear.Wake
	b.voice.Troubles = b.health.OwnTroubles
	return []*stage{lead.doing(b.voice.Lead), hear.doing(func(ctx context.Context) error {
		if err := b.voice.Hear(ctx); err != nil || b.acting == nil {
			return err
		}
		return b.acting.Learn(ctx)
	})}
}

// whileSpeaking has a stage do nothing, or something else, as long as another bot speaks.
func (b *builder) whileSpeaking(s *stage, otherwise func(context.Context) error) *stage {
	if b.voice == nil || s == nil {
		return s
	}
	step := s.step
	b.begin = append(b.begin, s.Wake)
	return s.doing(func(ctx context.Context) error {
		if b.voice.Speaks() {
			return step(ctx)
		}
		if otherwise != nil {
			return otherwise(ctx)
		}
		return nil
	})
}

// listenWhileSpeaking hears commands whenever this bot speaks, until ctx ends, and then gives the voice up.
func (a *App) listenWhileSpeaking(ctx context.Context, listen func(context.Context, *sync.WaitGroup)) {
	a.voice.Watch(ctx, func(term context.Context, quiet time.Time) {
		if err := a.health.Silence(term, quiet, time.Now()); err != nil && term.Err() == nil {
			a.log.Error("that nobody spoke is not told", "error", err)
		}
		if a.acting != nil {
			if err := a.acting.TellInterrupted(term); err != nil && term.Err() == nil {
				a.log.Error("acts of the other bot are not told", "error", err)
			}
		}
		for _, wake := range a.begin {
			wake()
		}
		var wg sync.WaitGroup
		listen(term, &wg)
		wg.Wait()
		<-term.Done()
	}, func() {
		a.voice.gate.Shut()
		if err := a.Store.Unsay(context.WithoutCancel(ctx)); err != nil {
			a.log.Error("what was not told yet is not taken back", "error", err)
		}
	})
}

// giveUpVoice lets the other bot speak.
func (a *App) giveUpVoice(ctx context.Context) {
	if a.voice == nil {
		return
	}
	if err := a.voice.Release(context.WithoutCancel(ctx)); err != nil {
		a.log.Warn("the other bot does not know that this one has ended", "error", err)
	}
}

// runnable returns what keeps a bot of a fleet from running, as a *config.Error.
func runnable(c *config.Config, once bool) error {
	mistake := func(key, text string) error {
		return &config.Error{Mistakes: []config.Mistake{{File: c.File, Key: key, Text: text}}}
	}
	switch {
	case c.Fleet.NATS != "" && !shared(c):
		return mistake("fleet.name", "is missing: what this one of the two bots is called; without a fleet, empty nats")
	case once && shared(c):
		return mistake("fleet.name", "does not go with --once: who runs for a moment takes no voice over")
	}
	return nil
}
