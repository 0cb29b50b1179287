package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// TableTrouble is what is wrong with the file of the offline table; its fields are "" where nothing is.
type TableTrouble struct {
	Table   string `json:"table"`   // that is in force, and since when it is made
	Refused string `json:"refused"` // why the file that stands there now is not in force
	Damaged string `json:"damaged"` // what of the table in force cannot be read
}

// OfflineTable is one of the two offline tables that an administrator may replace.
type OfflineTable string

// The tables of countries, and of networks by the number of their autonomous systems. The values are where the store
// keeps what is wrong with them.
const (
	CountryTable OfflineTable = "enrich/table"
	SystemTable  OfflineTable = "enrich/as_table"
)

// TableTrouble returns what is wrong with the file of the offline table.
func (s *Store) TableTrouble(ctx context.Context, of OfflineTable) (t TableTrouble, err error) {
	text, err := s.Value(ctx, string(of))
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &t)
	}
	if err != nil {
		return t, fmt.Errorf("state of the table: %w", err)
	}
	return t, nil
}

// SetTableTrouble keeps what is wrong with the file of the offline table. It writes nothing if that is known.
func (s *Store) SetTableTrouble(ctx context.Context, of OfflineTable, t TableTrouble) error {
	known, err := s.TableTrouble(ctx, of)
	if err != nil || known == t {
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return s.SetValue(ctx, string(of), string(text))
}
