package ingest

import (
	"context"
	"encoding/json"
	"time"

	"friendlyfire/store"
)

// What a source has brought is recognized when its file is read again, also where its zone has changed since: the store
// keeps in which zones its bans were read, by their ids.

// maxSpans is how many changes of a source's zone are remembered.
const maxSpans = 20

// zoneLabel is the name of a zone, or the offset of one without a name.
func zoneLabel(zone *time.Location, at time.Time) string {
	if name := zone.String(); name != "" {
		return name
	}
	return at.In(zone).Format("-07:00")
}

// zoneNamed is the zone of a label.
func zoneNamed(label string) (*time.Location, error) {
	if at, err := time.Parse("-07:00", label); err == nil {
		_, offset := at.Zone()
		return time.FixedZone("", offset), nil
	}
	return time.LoadLocation(label)
}

// readingKey is where the store has the zones that a source's bans were read in, by its name.
const readingKey = "ingest/read/"

// earlier returns which bans were read in other zones than the one that is in force. The next batch keeps that they
// were.
func (r *Reader) earlier(ctx context.Context) ([]store.Span, error) {
	label := zoneLabel(r.zone, time.Now())
	if r.readIn == label {
		return r.spans, nil
	}
	text, err := r.Store.Value(ctx, readingKey+r.Name)
	if err != nil {
		return nil, err
	}
	var known store.Reading
	if text != "" {
		if err := json.Unmarshal([]byte(text), &known); err != nil {
			return nil, err
		}
	}
	if known.Zone != label {
		if known.Zone != "" {
			last, err := r.Store.LastBan(ctx)
			if err != nil {
				return nil, err
			}
			known.Earlier = append(known.Earlier, store.Span{Zone: known.Zone, UpTo: last})
			known.Earlier = known.Earlier[max(0, len(known.Earlier)-maxSpans):]
		}
		known.Zone = label
		kept, err := json.Marshal(known)
		if err != nil {
			return nil, err
		}
		r.reading = string(kept)
	}
	for i := range known.Earlier {
		s := &known.Earlier[i]
		zone, err := zoneNamed(s.Zone)
		if err != nil {
			return nil, err
		}
		now := r.zone
		s.Time = func(t time.Time) time.Time {
			t = t.In(now)
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
		}
	}
	r.spans, r.readIn = known.Earlier, label
	return r.spans, nil
}
