package harness

import (
	"testing"

	"friendlyfire/enrich"
	"friendlyfire/store"
)

// OpenStore opens a database, and closes it when the test ends.
func OpenStore(t *testing.T, path string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// OpenTable opens the built-in table of countries, and closes it when the test ends.
func OpenTable(t *testing.T) *enrich.Table {
	t.Helper()
	table, err := enrich.OpenTable("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}
