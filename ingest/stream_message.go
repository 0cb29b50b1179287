package ingest

import (
	"errors"
	"slices"
	"time"

	"friendlyfire/store"
	"friendlyfire/stream"
)

// What is wrong with a message.
const (
	errSubject reason = "message with the subject of no server"
	errLie     reason = "message that names another server than its subject"
	errNoAgent reason = "message of no agent"
	errTooLong reason = "message that is too long"
	errNewer   reason = "message of a newer agent: this program is to be upgraded first"
	errOwn     reason = "message of a server that is a source of its own"
	errContent reason = "message of which a part means nothing"
)

// otherKind is a message of a kind that a later agent of the same version may have.
const otherKind = "message of another kind"

// add adds to the batch what a message says. Of whom it is, its subject says; the rest is foreign text.
func (r *StreamReader) add(b *store.Batch, m stream.Message) {
	server, rec, err := r.readMessage(m)
	if err == nil && !addRecord(b, server, rec) {
		err = errContent
	}
	if err != nil {
		b.Rejects = append(b.Rejects, store.Reject{Line: r.cursor.Line, Reason: err.Error()})
		return
	}
	if b.Heard == nil {
		b.Heard = map[string]store.Heard{}
	}
	h := b.Heard[server]
	h.Line, h.Alive = later(h.Line, rec.At()), h.Alive || rec.Kind == stream.Alive
	if rec.Kind == stream.Ban {
		h.Ban = later(h.Ban, rec.At())
	}
	b.Heard[server] = h
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// readMessage returns whose message it is, and what it says. The error is a reason.
func (r *StreamReader) readMessage(m stream.Message) (server string, rec stream.Record, err error) {
	server, ok := stream.ServerOf(m.Subject)
	if !ok || store.Clean(server, maxServer) != server {
		return "", rec, errSubject
	}
	if len(m.Data) > stream.MaxMessage {
		return "", rec, errTooLong
	}
	rec, err = stream.Decode(m.Data)
	switch {
	case errors.Is(err, stream.ErrNewer):
		return "", rec, errNewer
	case err != nil || rec.Version < 1:
		return "", rec, errNoAgent
	case rec.Server != server:
		return "", rec, errLie
	case slices.Contains(r.Configured, server):
		return "", rec, errOwn
	case rec.Time < earliest || rec.Time >= latest:
		return "", rec, errYear
	}
	return server, rec, nil
}

// maxServer is how long the name of a source may be, in characters.
const maxServer = 40

// maxSeconds is the longest time that a message may tell, in seconds: a century.
const maxSeconds = 100 * 365 * 24 * 3600

// addRecord adds what a record says, and reports false if it says nothing that can be meant.
func addRecord(b *store.Batch, server string, rec stream.Record) bool {
	jail, of := cleanJail(rec.Jail), address(rec.Address)
	end, isEnd := rec.Kind.End()
	switch {
	case rec.BanTime < -1 || rec.BanTime > maxSeconds || rec.Failures < 0 || rec.BanCount < 0 || rec.Nth < 0:
		return false
	case rec.Kind == stream.Ban:
		if of == "" || !isPace(rec.Pace) {
			return false
		}
		b.Bans = append(b.Bans, store.Ban{
			Source: server, Time: rec.At(), HasEpoch: rec.Nth == 0, Nth: rec.Nth, Address: of, Jail: jail,
			Failures: min(rec.Failures, 1e9), BanTime: rec.BanTime, BanCount: min(rec.BanCount, 1e9),
			Matches: keptLines(rec.Matches), Pace: rec.Pace,
		})
	case isEnd:
		e := store.End{Kind: end, After: len(b.Bans), Source: server, Jail: jail, Address: of, At: rec.At()}
		if rec.Until != 0 {
			e.Until = time.Unix(rec.Until, 0)
		}
		if (end == store.Started) != (of == "") || rec.Until < 0 || rec.Until > latest+maxSeconds {
			return false
		}
		b.Ends = append(b.Ends, e)
	case rec.Kind == stream.Rule:
		set := rec.Setting
		if set != store.MaxRetry && set != store.FindTime && set != store.BanTime || jail == "" ||
			rec.Value < -1 || rec.Value > maxSeconds {
			return false
		}
		b.Rules = append(b.Rules, store.Rule{Source: server, Jail: jail, Setting: set, Value: rec.Value, At: rec.At()})
	case rec.Kind == stream.Alive:
	default:
		b.Other(otherKind)
		return true
	}
	if rec.Kind != stream.Ban {
		b.Other(messageNames[rec.Kind] + " of a server")
	}
	return true
}

// messageNames are what messages that are no bans are called where they are counted.
var messageNames = map[stream.Kind]string{
	stream.Lifted: "end of a ban", stream.Prolonged: "longer ban", stream.Resumed: "ban that goes on",
	stream.Started: "start", stream.Rule: "rule", stream.Alive: "sign of life",
}

// isPace reports whether a text is what store.Ban has as its pace: numbers with a space between.
func isPace(s string) bool {
	for i := range len(s) {
		if s[i] != ' ' && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return len(s) <= 200
}
