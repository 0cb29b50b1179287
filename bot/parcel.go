package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// crowd is how many alerts of one jail, server and country must be due to be told as one.
const crowd = 4

// stormMost is how many bans a storm counts without a look at them: that bounds the memory that a flood takes.
const stormMost = 1000

// parcel is a part of a message: a notice by itself, or all due alerts of a storm.
type parcel struct {
	notices []store.Notice
	body    Body
	storm   []Told // those of a storm of which something is known; nil: it is none
	more    int    // others of the storm
	usually string // how often the jail bans friends otherwise, "" if unknown

	button   bool     // a button lifts its bans, so that the command for it is under More
	evidence msg.Text // log lines of a storm's bans, in place of the list of their addresses
}

// told are the bans that it tells of, as far as they are known.
func (p *parcel) told() []Told {
	if p.storm == nil && p.body.Ban != nil {
		return []Told{*p.body.Ban}
	}
	return p.storm
}

// parcels divides due notices, in their order. looked is how many of the chat's notices were looked for: behind so
// many, there may be more.
func (d *Deliverer) parcels(ctx context.Context, due []store.Notice, looked int) (all []*parcel, err error) {
	type kind struct {
		topic, nonce string
		maybeSent    bool
	}
	kindOf := func(n store.Notice) kind {
		if n.Alone {
			return kind{}
		}
		return kind{n.Topic, n.Nonce, n.MaybeSent}
	}
	counts := map[kind]int{}
	for _, n := range due {
		counts[kindOf(n)]++
	}
	storms := map[kind]*parcel{}
	for _, n := range due {
		k := kindOf(n)
		if k.topic != "" && counts[k] >= crowd {
			var of struct{ Ban Told } // without the text, of which a flood has much
			if err := json.Unmarshal([]byte(n.Body), &of); err == nil {
				if storms[k] == nil {
					storms[k] = &parcel{}
					all = append(all, storms[k])
				}
				n.Body = ""
				storms[k].notices, storms[k].storm = append(storms[k].notices, n), append(storms[k].storm, of.Ban)
				continue
			}
		}
		all = append(all, &parcel{notices: []store.Notice{n}, body: bodyOf(n)})
	}
	for _, p := range storms {
		if p.usually, err = d.usually(ctx, p.storm); err != nil {
			return nil, err
		}
	}
	if len(due) < looked {
		return all, nil
	}
	last := slices.MaxFunc(due, func(a, b store.Notice) int { return cmp.Compare(a.ID, b.ID) }).ID
	for _, p := range storms {
		rest, err := d.Store.Kindred(ctx, p.notices[0], last, stormMost)
		if err != nil {
			return nil, err
		}
		p.notices, p.more = append(p.notices, rest...), len(rest)
	}
	return all, nil
}

// bodyOf is what the notice says.
func bodyOf(n store.Notice) (body Body) {
	if err := json.Unmarshal([]byte(n.Body), &body); err != nil {
		return Body{Text: plain("a notice that cannot be read: " + n.Key)}
	}
	return body
}

// dated is the day of an alert that has waited so long that its times alone would mislead: " (Sat 28 Nov)".
func (p *parcel) dated(w Words, now time.Time) string {
	b := p.body.Ban
	if p.storm != nil {
		b = &p.storm[0]
	}
	if b == nil || now.Sub(b.Time) < 12*time.Hour {
		return ""
	}
	return b.Time.In(w.zone(b.Source)).Format(" (" + msg.DayForm + ")")
}
