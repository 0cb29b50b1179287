package bot

import (
	"testing"
	"testing/synctest"

	"friendlyfire/store"
)

// A table that is refused, or damaged, is told once, and once when it is in order.
func TestR32TroubleWithTheTableIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		set := func(trouble store.TableTrouble, want string) {
			t.Helper()
			if err := d.store.SetTableTrouble(t.Context(), store.CountryTable, trouble); err != nil {
				t.Fatal(err)
			}
			d.tells(want)
			d.tells("")
		}
		set(store.TableTrouble{}, "")
		set(store.TableTrouble{Table: "own.mmdb", Refused: "is empty"}, "🔴 The new country table is refused: is empty.")
		set(store.TableTrouble{Table: "own.mmdb", Refused: "no table"}, "")
		set(store.TableTrouble{}, "🟢 The country table is in order again")
		set(store.TableTrouble{Table: "own.mmdb", Damaged: "1 of its 3 records"}, "🔴 The country table is damaged: 1 of its 3")
		set(store.TableTrouble{}, "🟢 The country table is whole again")
	})
}
