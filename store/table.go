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

const tableTroubleKey = "enrich/table"

// TableTrouble returns what is wrong with the file of the offline table.
func (s *Store) TableTrouble(ctx context.Context) (t TableTrouble, err error) {
	text, err := s.Value(ctx, tableTroubleKey)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &t)
	}
	if err != nil {
		return t, fmt.Errorf("state of the table: %w", err)
	}
	return t, nil
}

// SetTableTrouble keeps what is wrong with the file of the offline table. It writes nothing if that is known.
func (s *Store) SetTableTrouble(ctx context.Context, t TableTrouble) error {
	known, err := s.TableTrouble(ctx)
	if err != nil || known == t {
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return s.SetValue(ctx, tableTroubleKey, string(text))
}
