package store

import "context"

// Originals returns the sources whose lines are in the original form, date, time and address: they name no jail.
func (s *Store) Originals(ctx context.Context) ([]string, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT name FROM sources WHERE columns = 'DATE,TIME,IP_ADDRESS' ORDER BY name")
	if err != nil {
		return nil, err
	}
	return collect(rows, single[string])
}
