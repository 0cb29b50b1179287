package store

import "context"

// Intact reads all of the database that is open, and returns a *DamagedError if it is out of order. Bytes that were
// changed within a row it cannot tell. It takes about two seconds for a million bans.
// https://www.sqlite.org/pragma.html#pragma_quick_check
func (s *Store) Intact(ctx context.Context) error { return verify(ctx, s.r, s.path) }
