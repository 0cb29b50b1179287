package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/sample"
	"friendlyfire/store"
)

// samplePath is where the built-in configuration has its bans. They come with the program, whether there is such a file
// or not.
const samplePath = "sample/bans.csv"

const sampleNote = "These bans are the sample that comes with friendlyfire, with dates of today."

// IsSample reports whether the source is the sample.
func IsSample(c config.Source) bool { return c.SFTP == nil && c.Path == samplePath }

// sampleOnly reports whether there is no source but the sample: then this is a demonstration.
func sampleOnly(c *config.Config) bool { return !slices.ContainsFunc(c.Sources, isReal) }

func isReal(c config.Source) bool { return !IsSample(c) }

// sampleSource is the sample as a file, moved to the day on which the database first saw it: none
// of it is long past, and it is the same file from then on.
type sampleSource struct{ store *store.Store }

// sampleKey is when the database first saw the sample, in unix seconds.
const sampleKey = "app/sample"

func (s sampleSource) seen(ctx context.Context) (time.Time, error) {
	value, err := s.store.Value(ctx, sampleKey)
	if err != nil {
		return time.Time{}, err
	}
	if value == "" {
		value = strconv.FormatInt(time.Now().Unix(), 10)
		if err := s.store.SetValue(ctx, sampleKey, value); err != nil {
			return time.Time{}, err
		}
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("value of %s: %w", sampleKey, err)
	}
	return time.Unix(seconds, 0), nil
}

// Stat implements ingest.Source.
func (s sampleSource) Stat(ctx context.Context) (ingest.Info, error) {
	at, err := s.seen(ctx)
	return ingest.Info{Name: samplePath, Size: int64(len(sample.Bans)), Modified: at.UnixNano()}, err
}

// Rotated implements ingest.Source.
func (sampleSource) Rotated(context.Context) ([]ingest.Info, error) { return nil, nil }

// Open implements ingest.Source.
func (s sampleSource) Open(ctx context.Context, _ string) (io.ReadCloser, error) {
	at, err := s.seen(ctx)
	if err != nil {
		return nil, err
	}
	return struct {
		*bytes.Reader
		io.Closer
	}{bytes.NewReader(sample.Moved(at)), io.NopCloser(nil)}, nil
}
