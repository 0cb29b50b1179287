package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"friendlyfire/store"
)

// Version is that of the messages that this release writes. A release reads those of its own version and of earlier
// ones; fields that it does not know mean nothing to it.
const Version = 1

// MaxMessage is how long a message may be, in bytes. Longer ones are neither written nor read.
const MaxMessage = 16 << 10

// Record is a message: JSON, with these keys. Times are unix seconds in UTC, durations seconds.
type Record struct {
	Version int    `json:"v"`
	Server  string `json:"server"` // that of the subject
	Kind    Kind   `json:"kind"`
	Time    int64  `json:"time"`
	Jail    string `json:"jail,omitempty"`
	Address string `json:"address,omitempty"`

	// Of a ban: as store.Ban has them. A ban is identified by server, time, address, jail, and this number.
	Nth      int64  `json:"nth,omitempty"`
	Failures int    `json:"failures,omitempty"`
	BanTime  int64  `json:"ban_time,omitempty"`
	BanCount int    `json:"ban_count,omitempty"`
	Matches  string `json:"matches,omitempty"`
	Pace     string `json:"pace,omitempty"`

	Said    int64         `json:"said,omitempty"`    // of Alive: when it was said
	Until   int64         `json:"until,omitempty"`   // of Prolonged; 0: for ever
	Setting store.Setting `json:"setting,omitempty"` // of a rule
	Value   int64         `json:"value,omitempty"`
}

// Kind is what a message is about.
type Kind string

// The kinds. What an end is about stands at store.EndKind.
const (
	Ban       Kind = "ban"
	Lifted    Kind = "lifted"
	Prolonged Kind = "prolonged"
	Resumed   Kind = "resumed"
	Started   Kind = "started"
	Rule      Kind = "rule"
	Alive     Kind = "alive" // the agent runs; the time is that of the latest line that it has read
)

// ends are the kinds of ends, each in the place of its store.EndKind.
var ends = [...]Kind{store.Lifted: Lifted, store.Prolonged: Prolonged, store.Resumed: Resumed, store.Started: Started}

// End returns what kind of end it is, and reports false if it is none.
func (k Kind) End() (store.EndKind, bool) {
	for end, kind := range ends {
		if k == kind {
			return store.EndKind(end), true
		}
	}
	return 0, false
}

// newRecord returns the record of what an agent has read.
func newRecord(o *store.Outgoing) Record {
	r := Record{Version: Version, Server: o.Server}
	switch {
	case o.Ban != nil:
		b := o.Ban
		r.Kind, r.Time, r.Jail, r.Address, r.Nth = Ban, b.Time.Unix(), b.Jail, b.Address, b.Nth
		r.Failures, r.BanTime, r.BanCount, r.Matches, r.Pace = b.Failures, b.BanTime, b.BanCount, b.Matches, b.Pace
	case o.End != nil:
		e := o.End
		r.Kind, r.Time, r.Jail, r.Address = ends[e.Kind], e.At.Unix(), e.Jail, e.Address
		if !e.Until.IsZero() {
			r.Until = e.Until.Unix()
		}
	case o.Rule != nil:
		r.Kind, r.Time, r.Jail = Rule, o.Rule.At.Unix(), o.Rule.Jail
		r.Setting, r.Value = o.Rule.Setting, o.Rule.Value
	}
	return r
}

// encode returns the message of a record. Of log lines that are too long for it, the latest stay.
func (r Record) encode() ([]byte, error) {
	for {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return nil, err
		}
		if b.Len() <= MaxMessage {
			return bytes.TrimSpace(b.Bytes()), nil
		}
		if r.Matches == "" {
			return nil, fmt.Errorf("a message of %d bytes is longer than %d", b.Len(), MaxMessage)
		}
		_, r.Matches, _ = strings.Cut(r.Matches, "\n")
	}
}

// identity is what makes the record another than all others.
func (r Record) identity() string {
	return fmt.Sprintf("%q %s %d %q %q %d %s %d %d",
		r.Server, r.Kind, r.Time, r.Address, r.Jail, r.Nth, r.Setting, r.Value, r.Said)
}

// ErrNewer is a message of a newer release.
var ErrNewer = errors.New("the message is of a newer release")

// Decode reads a message. What stands in it may be anything that fits the types.
func Decode(data []byte) (Record, error) {
	var r Record
	if len(data) > MaxMessage {
		return r, fmt.Errorf("a message of %d bytes is longer than %d", len(data), MaxMessage)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	if r.Version > Version {
		return r, ErrNewer
	}
	return r, nil
}

// At is the time of the record.
func (r Record) At() time.Time { return time.Unix(r.Time, 0) }
