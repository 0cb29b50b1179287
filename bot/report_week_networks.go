package bot

import (
	"cmp"
	"context"
	"slices"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// weekNetworks finds the networks with most bans, and which servers banned. The last row is that of the network with
// most bans of friends, if all of its bans are and no other row is of such.
func weekNetworks(ctx context.Context, r *Reporter, w store.Window, week *weekCard) error {
	const shown = 4
	sources, err := r.Store.BySource(ctx, w, false)
	if err != nil {
		return err
	}
	for _, row := range sources.Rows {
		week.sources = append(week.sources, row.Key)
	}
	slices.Sort(week.sources)
	counts, err := r.Store.BySystem(ctx, w, false)
	if err != nil {
		return err
	}
	holders, err := r.Store.Holders(ctx)
	if err != nil {
		return err
	}
	rows := slices.DeleteFunc(counts.Rows, func(row store.Count) bool { return row.Key == "" })
	slices.SortStableFunc(rows, func(a, b store.Count) int { return cmp.Compare(b.Bans, a.Bans) })
	ofFriends := func(row store.Count) bool { return row.Friendly == row.Bans }
	if len(rows) > shown && !slices.ContainsFunc(rows[:shown], ofFriends) {
		if i := slices.IndexFunc(rows, ofFriends); i >= 0 {
			rows[shown-1] = rows[i]
		}
	}
	for _, row := range rows[:min(len(rows), shown)] {
		week.networks = append(week.networks, charts.PanelRow{
			Label: shortHolder(cmp.Or(holders[row.Key], row.Key)), Value: row.Bans, Friends: ofFriends(row), Bars: true,
		})
	}
	return nil
}
