package stream

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"friendlyfire/store"
)

// keyName is under which value the database has the key of the identities.
const keyName = "fleet/key"

// identityKey returns the key by which the messages are named. The stream drops a message whose name it has seen, from
// whatever server: by a name that others could guess, one agent could suppress the bans of another.
func (p *Publisher) identityKey(ctx context.Context) ([]byte, error) {
	text, err := p.Store.Value(ctx, keyName)
	if err != nil {
		return nil, err
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) > 0 {
		return key, nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails: crypto/rand
	return key, p.Store.SetValue(ctx, keyName, base64.StdEncoding.EncodeToString(key))
}

// name is that of a message: the same for the same record, in this database.
func (p *Publisher) name(r Record) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(r.identity()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// independent returns the first of the records, as far as no two of them are about the same address in the same jail:
// if one were lost on its way and the next one not, they would change places.
func independent(all []store.Outgoing) []store.Outgoing {
	type about struct{ server, jail, address string }
	seen := map[about]bool{}
	for i := range all {
		o := &all[i]
		a := about{server: o.Server}
		switch {
		case o.Ban != nil:
			a.jail, a.address = o.Ban.Jail, o.Ban.Address
		case o.End != nil && o.End.Kind == store.Started && i > 0:
			return all[:i]
		case o.End != nil && o.End.Kind == store.Started:
			return all[:1]
		case o.End != nil:
			a.jail, a.address = o.End.Jail, o.End.Address
		default:
			continue // rules have their own order, by time
		}
		if seen[a] {
			return all[:i]
		}
		seen[a] = true
	}
	return all
}
