package store

import "testing"

// The connection of a store leaves it to inTurn to wait for the disk, before and after an import.
func TestR36NoWriteKeepsAnotherWaitingForTheDisk(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	if got := query(t, s.w, "PRAGMA synchronous"); got[0][0] != int64(1) { // NORMAL
		t.Errorf("synchronous = %v, want NORMAL", got)
	}
	if _, err := s.wal.Stat(); err != nil {
		t.Error(err)
	}
}
