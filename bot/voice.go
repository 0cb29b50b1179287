package bot

import (
	"context"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Voice says whether this bot speaks, where two share their chats and one of them does. It is safe for concurrent use.
type Voice interface {
	// Speaks reports whether this bot is the one that speaks, now.
	Speaks() bool
	// Other is the name of the other bot if that is the one that speaks; "": it is not, or nobody knows.
	Other() string

	// Claim lets the other bot know that these notices are about to be sent, and returns a context in which that may be
	// done: it ends with the right to speak. After an error they must not be sent.
	Claim(ctx context.Context, ids ...int64) (term context.Context, done func(), err error)
	// Settled is called when outcomes of claims were kept.
	Settled()
	// Keep lets the other bot know a value, which it has before it speaks. After an error nothing must follow from it.
	Keep(ctx context.Context, key, value string) error

	// Status is who speaks, and who stands by.
	Status() VoiceStatus
}

// VoiceStatus is who speaks, and who stands by.
type VoiceStatus struct {
	Name     string // of this bot
	Speaks   bool   // it does
	Speaker  string // who does; "": nobody, as far as is known
	Since    time.Time
	Partners []Partner
	Trouble  string // why nothing is known; "": nothing is wrong
}

// Partner is another bot of the same voice.
type Partner struct {
	Name  string
	Since time.Time // when it was started
	Seen  time.Time // when it was heard of last

	Troubles map[string]string // of its machine, see Health.OwnTroubles
}

// Alone is the voice of a bot that shares it with nobody.
type Alone struct{}

// Speaks is true.
func (Alone) Speaks() bool { return true }

// Other is nobody.
func (Alone) Other() string { return "" }

// Claim asks nobody.
func (Alone) Claim(ctx context.Context, _ ...int64) (term context.Context, done func(), err error) {
	return ctx, func() {}, nil
}

// Settled tells nobody.
func (Alone) Settled() {}

// Keep tells nobody.
func (Alone) Keep(context.Context, string, string) error { return nil }

// Status is empty.
func (Alone) Status() VoiceStatus { return VoiceStatus{} }

// voiceOr is v, or for nil the voice of a bot by itself.
func voiceOr(v Voice) Voice {
	if v == nil {
		return Alone{}
	}
	return v
}

// partnerLost is how long a bot that stands by may be out of sight before that is trouble.
const partnerLost = time.Minute

// voiceLine is "bot-a speaks since 09:12, bot-b stands by"; nil for a bot alone.
func (w Words) voiceLine(v VoiceStatus, now time.Time) msg.Text {
	if v.Name == "" {
		return nil
	}
	line := v.Speaker + " speaks since " + w.moment(v.Since, now)
	if v.Speaker == "" {
		line = "nobody speaks"
	}
	standing := 0
	for _, p := range v.Partners {
		switch {
		case p.Name == v.Speaker:
		case now.Sub(p.Seen) > partnerLost:
			line += ", " + p.Name + " is gone since " + w.moment(p.Seen, now)
			standing++
		default:
			line += ", " + p.Name + " stands by since " + w.moment(p.Since, now)
			if wrong := p.wrong(); wrong != nil {
				line += " (" + strings.Join(wrong, "; ") + ")"
			}
			standing++
		}
	}
	if standing == 0 && v.Speaks {
		line += ", nobody stands by"
	}
	return headed("voice", ": "+line+"\n")
}

// voiceTroubles is what is wrong with who speaks and who stands by.
func (h *Health) voiceTroubles(now time.Time) (all []trouble) {
	for _, p := range voiceOr(h.Voice).Status().Partners {
		if now.Sub(p.Seen) > partnerLost {
			all = append(all, trouble{p.Name, p.Name + " is gone since " + h.Words.moment(p.Seen, now) + ": nobody stands by"})
			continue
		}
		for _, says := range p.wrong() {
			all = append(all, trouble{p.Name, p.Name + ": " + says})
		}
	}
	return all
}

// partners tells of bots that stood by and are gone, and of those whose machines have trouble.
func (h *Health) partners(ctx context.Context, now time.Time) error {
	for _, p := range voiceOr(h.Voice).Status().Partners {
		lost := now.Sub(p.Seen) > partnerLost
		err := h.tellSince(ctx, "partner/"+p.Name, p.Seen, lost, h.Chats,
			headed(p.Name+" is gone", ": it stood by, and was last seen "+h.Words.moment(p.Seen, now)+
				". Until it is back, nobody speaks in my place if I end."),
			headed(p.Name+" stands by again", ""))
		if err == nil && !lost {
			err = h.standing(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// silenceTold is how long nobody must have spoken for that to be told.
const silenceTold = time.Minute

// Silence tells the chats that nobody has spoken for a while; from zero: somebody has.
func (h *Health) Silence(ctx context.Context, from, to time.Time) error {
	if from.IsZero() || to.Sub(from) < silenceTold || to.Sub(h.Started) < silenceTold {
		return nil
	}
	return h.Post(ctx, "silence/"+stamp(from), green(headed("I was silent", " from "+h.Words.moment(from, to)+" to "+
		h.Words.moment(to, to)+": NATS was out of reach, and without it nobody knows which of two bots may speak. "+
		"What waited is told now."), 0))
}

// isOwn reports whether it is something that a bot tells of itself and of its own machine: the other one must not tell
// that it is over.
func isOwn(what string) bool {
	for _, kind := range []string{"disk", "full", clockDoubt, "table/", "as_table/", "whois/", "partner/", "standby/"} {
		if strings.HasPrefix(what, kind) {
			return true
		}
	}
	return false
}

// setting has the other bot keep these values when it hears that one of the notices is told.
func setting(all []store.Notice, values store.Values) []store.Notice {
	for i := range all {
		all[i].Sets = values
	}
	return all
}

// StandBy looks at what a bot looks at while another one speaks: its clock. What it finds wrong the other one tells,
// see OwnTroubles.
func (h *Health) StandBy(ctx context.Context) error {
	h.clock.wall = time.Time{} // what it has missed is no jump
	if _, last := h.full.period(); !last.IsZero() && time.Since(last) >= calm {
		h.full.forget() // the other one has told of it
	}
	if h.Clock == nil {
		return nil
	}
	now := time.Now()
	return h.Clock.Look(ctx, now.Round(0), now.Sub(h.Started))
}
