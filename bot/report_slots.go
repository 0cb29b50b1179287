package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// slotsKey is where the store keeps which jail has which colour: a list of jails, "" for a slot that is free. A jail
// without a name has no colour of its own.
const slotsKey = "report/slots"

// slotDays is how long a jail's bans count for its colour.
const slotDays = 90

// slots returns the colour of each jail, 1 to charts.Slots. A jail keeps it, in every picture, as long as it is one of
// the five with most bans of the last ninety days; one that has become one of them takes a free colour, and is drawn
// with others until there is one.
func (r *Reporter) slots(ctx context.Context, now time.Time) (map[string]int, error) {
	counts, err := r.Store.ByJail(ctx, store.Window{From: now.AddDate(0, 0, -slotDays), To: now}, false)
	if err != nil {
		return nil, err
	}
	var biggest []string // most bans first
	for _, row := range counts.Rows {
		if row.Key != "" && len(biggest) < charts.Slots {
			biggest = append(biggest, row.Key)
		}
	}
	kept, err := r.Store.Value(ctx, slotsKey)
	if err != nil {
		return nil, err
	}
	owners := make([]string, charts.Slots)
	var before []string
	if err := json.Unmarshal([]byte(kept), &before); err == nil {
		copy(owners, before)
	}
	for i, jail := range owners {
		if full := len(biggest) == charts.Slots; full && !slices.Contains(biggest, jail) {
			owners[i] = ""
		}
	}
	for _, jail := range biggest {
		if free := slices.Index(owners, ""); free >= 0 && !slices.Contains(owners, jail) {
			owners[free] = jail
		}
	}
	if now, err := json.Marshal(owners); err == nil && string(now) != kept {
		if err := r.Store.SetValue(ctx, slotsKey, string(now)); err != nil {
			return nil, fmt.Errorf("keep the colours of jails: %w", err)
		}
	}
	all := map[string]int{}
	for i, jail := range owners {
		if jail != "" {
			all[jail] = i + 1
		}
	}
	return all, nil
}
