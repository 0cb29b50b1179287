package bot

import (
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// urgent are the kinds of messages, the most urgent first.
var urgent = []msg.Kind{msg.Alert, msg.Trouble, msg.Digest, msg.News}

// kind is what the parcel is about.
func (p *parcel) kind() msg.Kind {
	key := p.notices[0].Key
	switch {
	case strings.HasPrefix(key, alerts):
		return msg.Alert
	case strings.HasPrefix(key, digests):
		return msg.Digest
	case p.body.Silent:
		return msg.News
	}
	return msg.Trouble
}

// AlertMessage is a message about a ban by itself, with what it says as facts.
func (w Words) AlertMessage(g store.EnrichedBan) msg.Message {
	told := w.told(g, evidence.Verdict{}, "")
	m := msg.Message{Text: w.Alert(g, nil, ""), Kind: msg.Alert, Bans: []msg.Ban{told.fact()}}
	if !w.Mask && told.inForce(time.Now()) {
		m.Command = unbanCommand(g.Ban, nil)
	}
	return m
}

// addFacts adds to a message what the parcel says, as facts. With alone, nothing else is in the message so far.
func (p *parcel) addFacts(m *msg.Message, w Words, alone bool) {
	if kind := p.kind(); m.Kind == "" || slices.Index(urgent, kind) < slices.Index(urgent, m.Kind) {
		m.Kind = kind
	}
	told := p.storm
	if p.body.Ban != nil {
		told = []Told{*p.body.Ban}
	}
	m.Bans = slices.Clone(m.Bans)
	for _, t := range told {
		m.Bans = append(m.Bans, t.fact())
	}
	m.Command = ""
	if alone && p.body.Ban != nil && !w.Mask && p.body.Ban.inForce(time.Now()) {
		m.Command = unbanCommand(store.Ban{Jail: p.body.Ban.Jail, Address: p.body.Ban.Address}, nil)
	}
}

// fact is the ban for platforms that hand on facts.
func (t *Told) fact() msg.Ban {
	b := msg.Ban{
		Address: t.Address, Jail: t.Jail, Source: t.Source, Time: t.Time, Duration: time.Duration(t.BanTime) * time.Second,
		Country: string(t.Country), Friend: t.Whose, Verdict: string(t.Who),
	}
	if b.Verdict == "" {
		b.Verdict = string(evidence.Unclear)
	}
	return b
}

// inForce reports whether the ban was made for so long that it still lasts.
func (t *Told) inForce(now time.Time) bool {
	return store.Ban{Time: t.Time, BanTime: t.BanTime}.InForce(now)
}
