package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"friendlyfire/store"
)

// A line that has just been appended was written just now. If the source's zone makes it a time that is off by a number
// of quarter-hours, the zone is wrong: the source is then read in the zone that its lines show, so that its bans are
// news, and the store keeps that, so that somebody can be told.

// quarter of an hour: the offset of every zone is a multiple of it.
const quarter = 15 * time.Minute

// Limits of what can be judged: how long ago the file must have been looked at, so that what was appended since is new,
// and by how much a line may be off the moment of writing for other reasons.
const (
	zoneGap   = 5 * time.Minute
	zoneSlack = time.Minute
)

// errZoneShift says that the lines at hand were read in a wrong zone, and that the right one is known now.
var errZoneShift = errors.New("the source is in another zone")

// loadZone returns the zone to read the source in.
func (r *Reader) loadZone(ctx context.Context) (*time.Location, error) {
	if r.zone != nil {
		return r.zone, nil
	}
	r.zone = r.Zone
	text, err := r.Store.Value(ctx, store.ZoneKey(r.Name))
	if err != nil || text == "" {
		return r.zone, err
	}
	var z store.ObservedZone
	if err := json.Unmarshal([]byte(text), &z); err != nil || z.Instead != r.Zone.String() {
		return r.zone, r.Store.SetValue(ctx, store.ZoneKey(r.Name), "") // the configuration has changed
	}
	r.zone = time.FixedZone("", z.Offset)
	return r.zone, nil
}

// checkZone returns errZoneShift if the lines that were just read from the end of the live file show another zone.
func (f *follower) checkZone(ctx context.Context, lines *parser) error {
	written := time.Unix(0, f.tail.info.Modified)
	shift := f.shift(lines.clock.local, written)
	if shift == 0 {
		return nil
	}
	_, offset := written.In(f.zone).Zone()
	z := store.ObservedZone{Instead: f.Zone.String(), Offset: offset + int(shift/time.Second), Since: written}
	text, err := json.Marshal(z)
	if err != nil {
		return err
	}
	if _, usual := written.In(f.Zone).Zone(); usual == z.Offset {
		text, f.zone = nil, f.Zone // it is right again
	} else {
		f.zone = time.FixedZone("", z.Offset)
	}
	return errors.Join(errZoneShift, f.Store.SetValue(ctx, store.ZoneKey(f.Name), string(text)))
}

// shift is by how much the last line's local time is ahead of the moment when it was written; 0 if no zone explains it.
func (f *follower) shift(local int64, written time.Time) time.Duration {
	gap := time.Since(f.seenAt)
	if local == 0 || f.seenAt.IsZero() || gap > zoneGap || f.tail.info.Rotation != "" {
		return 0
	}
	ahead := time.Unix(local, 0).Sub(written)
	whole := ahead.Round(quarter)
	if early := whole - ahead; early > gap+zoneSlack || early < -zoneSlack || whole.Abs() > 26*time.Hour {
		return 0
	}
	return whole
}
