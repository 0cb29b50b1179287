package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testConn returns a connection to a new database, and the keeper behind it.
func testConn(t *testing.T) (*sql.Conn, *keeper) {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.w.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var k *keeper
	if err := c.Raw(func(conn any) error { k = conn.(*keeper); return nil }); err != nil {
		t.Fatal(err)
	}
	k.idle = nil
	return c, k
}

func keptTexts(k *keeper) string {
	var all []string
	for _, s := range k.idle {
		all = append(all, s.query)
	}
	return strings.Join(all, "; ")
}

func TestStatementsAreKept(t *testing.T) {
	c, k := testConn(t)
	number := func(ctx context.Context, query string, args ...any) (n int) {
		t.Helper()
		if err := c.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	number(t.Context(), "SELECT ?", 1)
	first := k.idle[0]
	number(t.Context(), "PRAGMA user_version")
	number(t.Context(), "SELECT "+strings.Repeat(" ", keptLength)+"1")
	if n := number(t.Context(), "SELECT ?", 2); n != 2 || len(k.idle) != 1 || k.idle[0] != first {
		t.Errorf("SELECT 2: %d; kept %q", n, keptTexts(k))
	}

	// One that is in use is not given out again.
	rows, err := c.QueryContext(t.Context(), "SELECT value FROM json_each(?)", "[1, 2, 3]")
	if err != nil {
		t.Fatal(err)
	}
	products, err := collect(rows, func(rows *sql.Rows) (n int, err error) {
		err = rows.Scan(&n)
		return n * number(t.Context(), "SELECT value FROM json_each(?)", "[10]"), err
	})
	if want := []int{10, 20, 30}; err != nil || !slices.Equal(products, want) {
		t.Errorf("nested: %v, %v, want %v", products, err, want)
	}

	for i := range keptStatements {
		number(t.Context(), fmt.Sprintf("SELECT %d", i))
	}
	if len(k.idle) != keptStatements || strings.Contains(keptTexts(k), "?") {
		t.Errorf("kept %d, want the last %d: %s", len(k.idle), keptStatements, keptTexts(k))
	}
}

func TestKeptStatementsRecover(t *testing.T) {
	c, k := testConn(t)
	insert := func(ctx context.Context, key any) error {
		_, err := c.ExecContext(ctx, "INSERT INTO meta VALUES (?, '')", key)
		return err
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for i, ok := range []bool{true, false, false, true} {
		ctx, key := t.Context(), any(i)
		switch i {
		case 1:
			key = 0
		case 2:
			ctx = canceled
		}
		if err := insert(ctx, key); (err == nil) != ok {
			t.Errorf("step %d: %v", i, err)
		}
	}
	if _, err := c.ExecContext(t.Context(), "ALTER TABLE meta ADD COLUMN more TEXT"); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), 4); err == nil {
		t.Error("a row of two values went into a table of three columns")
	}
	if _, err := c.ExecContext(t.Context(), "ALTER TABLE meta DROP COLUMN more"); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), 5); err != nil || len(k.idle) != 1 {
		t.Errorf("after the schema has changed: %v; kept %q", err, keptTexts(k))
	}
}

func TestKeptStatementsHoldNoSnapshot(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		value := fmt.Sprint(i)
		if err := s.SetValue(t.Context(), "key", value); err != nil {
			t.Fatal(err)
		}
		var first string // the second row is left unread
		if err := s.r.QueryRowContext(t.Context(), "SELECT key FROM meta").Scan(&first); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Value(t.Context(), "key"); err != nil || got != value {
			t.Errorf("read %q, %v, want %q", got, err, value)
		}
		var busy, frames, moved int
		err := s.w.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
		if err != nil || busy != 0 {
			t.Errorf("is the write-ahead log in use? %d, %v", busy, err)
		}
	}
}

// A bot that waits for the next ban keeps no plans of reports.
func TestShrinkForgetsStatements(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	if _, err := s.Totals(t.Context(), Window{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]*sql.DB{"the writer": s.w, "a reader": s.r} {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = conn.Raw(func(c any) error {
			if idle := c.(*keeper).idle; len(idle) != 0 {
				t.Errorf("%s keeps %d statements", name, len(idle))
			}
			return nil
		})
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	}
}
