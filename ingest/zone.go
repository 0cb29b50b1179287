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

// loadZone returns the zone to read a source in: the configured one, or the one that the store has under the key since
// its lines have shown it.
func loadZone(ctx context.Context, s *store.Store, key string, configured *time.Location) (*time.Location, error) {
	text, err := s.Value(ctx, key)
	if err != nil || text == "" {
		return configured, err
	}
	var z store.ObservedZone
	if err := json.Unmarshal([]byte(text), &z); err != nil || z.Instead != configured.String() {
		return configured, s.SetValue(ctx, key, "") // the configuration has changed
	}
	return time.FixedZone("", z.Offset), nil
}

// checkZone returns errZoneShift if the lines that were just read from the end of the live file show another zone.
func (f *banFollower) checkZone(ctx context.Context, lines *parser) error {
	shift := f.shift(lines.clock.local, f.seenAt)
	if shift == 0 {
		return nil
	}
	var err error
	f.zone, err = f.shiftZone(ctx, f.Store, store.ZoneKey(f.Name), f.Zone, f.zone, shift)
	return err
}

// shiftZone returns the zone that is ahead of the one in force by so much, and keeps it under the key where it is not
// the configured one. Its error is or has errZoneShift.
func (f *follower) shiftZone(
	ctx context.Context, s *store.Store, key string, configured, current *time.Location, shift time.Duration,
) (*time.Location, error) {
	written := time.Unix(0, f.tail.info.Modified)
	_, offset := written.In(current).Zone()
	z := store.ObservedZone{Instead: configured.String(), Offset: offset + int(shift/time.Second), Since: written}
	text, err := json.Marshal(z)
	if err != nil {
		return current, err
	}
	zone := time.FixedZone("", z.Offset)
	if _, usual := written.In(configured).Zone(); usual == z.Offset {
		text, zone = nil, configured // it is right again
	}
	return zone, errors.Join(errZoneShift, s.SetValue(ctx, key, string(text)))
}

// shift is by how much the last line's local time is ahead of the moment when it was written; 0 if no zone explains it.
// Everything before had been read at seenAt.
func (f *follower) shift(local int64, seenAt time.Time) time.Duration {
	gap := time.Since(seenAt)
	if local == 0 || seenAt.IsZero() || gap > zoneGap || f.tail.info.Rotation != "" {
		return 0
	}
	ahead := time.Unix(local, 0).Sub(time.Unix(0, f.tail.info.Modified))
	whole := ahead.Round(quarter)
	if early := whole - ahead; early > gap+zoneSlack || early < -zoneSlack || whole.Abs() > 26*time.Hour {
		return 0
	}
	return whole
}
