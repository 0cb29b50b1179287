package ingest

import (
	"bytes"
	"strings"
	"time"
)

// logState is what lines say about later lines. It outlives a parser.
type logState struct {
	host  string // of the first line that names one
	relay bool   // lines of several hosts are in the file

	// Before 0.10, Fail2Ban lifts all bans when it stops, and bans the same addresses again when it starts.
	stopping bool
	changed  time.Time       // when it last started or stopped
	lifted   map[string]bool // by jail and address, since it began to stop

	resumed map[string]time.Time // by host and jail: when a ban was last restored

	tries tries // that have not led to a ban yet
	setup setup // of a jail
}

// Limits of what is remembered of a restart: how long Fail2Ban may take to restore its bans, and how many there may be.
const (
	restoreTime = 10 * time.Minute
	maxLifted   = 50_000
)

// decision is what a cursor keeps of the log: the host that it is of, or that it is of several.
func (s *logState) decision() string {
	switch {
	case s.relay:
		return "log of several hosts"
	case s.host != "":
		return "log of " + s.host
	}
	return "log"
}

// restore takes a decision over.
func (s *logState) restore(decision string) {
	host, ok := strings.CutPrefix(decision, "log of ")
	switch {
	case s.host != "" || !ok:
	case host == "several hosts":
		s.relay = true
	default:
		s.host = host
	}
}

// noteHost keeps from how many hosts the lines come.
func (s *logState) noteHost(host []byte) {
	switch {
	case len(host) == 0 || s.relay || s.host == string(host):
	case s.host == "":
		s.host = string(host)
	default:
		s.relay = true
	}
}

// noteLevel keeps the levels at which Fail2Ban writes.
func (p *logParser) noteLevel(e *envelope) {
	if e.module == nil || len(e.level) == 0 {
		return
	}
	switch e.level[0] {
	case 'W', 'E', 'C':
		p.high = true
	default:
		p.low = true
	}
}

// noteServer keeps when Fail2Ban stops and starts.
func (s *logState) noteServer(message []byte, at time.Time) {
	s.changed = at
	if bytes.HasPrefix(message, serverStarts) {
		s.tries.restart()
	}
	stops := bytes.Contains(message, []byte("Stopping")) || bytes.Contains(message, []byte("Shutdown"))
	if stops && !s.stopping {
		s.lifted = nil
	}
	if stops {
		s.stopping = true
	} else if !bytes.Contains(message, []byte("stopped")) {
		s.stopping = false
	}
}

// noteUnban keeps a ban that is lifted because Fail2Ban stops.
func (s *logState) noteUnban(jail, address []byte) {
	if !s.stopping || len(s.lifted) >= maxLifted {
		return
	}
	if s.lifted == nil {
		s.lifted = map[string]bool{}
	}
	s.lifted[string(jail)+" "+string(address)] = true
}

// restores reports whether a ban is one that was lifted by a stop.
func (s *logState) restores(jail, address []byte, at time.Time) bool {
	if len(s.lifted) == 0 || at.Sub(s.changed) > restoreTime {
		return false
	}
	key := string(jail) + " " + string(address)
	restored := s.lifted[key]
	delete(s.lifted, key)
	return restored
}
