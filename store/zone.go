package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// ObservedZone is the zone that a source's lines are written in, where it is not the configured one.
type ObservedZone struct {
	Instead string    `json:"instead"` // the configured zone
	Offset  int       `json:"offset"`  // seconds east of UTC
	Since   time.Time `json:"since"`   // when it was seen
}

// ZoneKey is the key of the value that holds a source's ObservedZone as JSON.
func ZoneKey(source string) string { return "ingest/zone/" + source }

// LoginZoneKey is ZoneKey for a file of logins.
func LoginZoneKey(source string) string { return "ingest/login zone/" + source }

// ObservedZone returns the zone that a source's lines show; nil where it is the configured one.
func (s *Store) ObservedZone(ctx context.Context, source string) (*ObservedZone, error) {
	return s.observedZone(ctx, ZoneKey(source))
}

// ObservedLoginZone is ObservedZone for a file of logins.
func (s *Store) ObservedLoginZone(ctx context.Context, source string) (*ObservedZone, error) {
	return s.observedZone(ctx, LoginZoneKey(source))
}

func (s *Store) observedZone(ctx context.Context, key string) (*ObservedZone, error) {
	text, err := s.Value(ctx, key)
	if err != nil || text == "" {
		return nil, err
	}
	var z ObservedZone
	if err := json.Unmarshal([]byte(text), &z); err != nil {
		return nil, fmt.Errorf("value of %s: %w", key, err)
	}
	return &z, nil
}
