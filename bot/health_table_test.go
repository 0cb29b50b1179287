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
		of := store.CountryTable
		set := func(trouble store.TableTrouble, want string) {
			t.Helper()
			if err := d.store.SetTableTrouble(t.Context(), of, trouble); err != nil {
				t.Fatal(err)
			}
			d.tells(want)
			d.tells("")
		}
		set(store.TableTrouble{}, "")
		set(store.TableTrouble{Table: "own.mmdb", Refused: "is empty"}, "🔴 The new country table is refused: it is empty.")
		set(store.TableTrouble{Table: "own.mmdb", Refused: "no table"}, "")
		set(store.TableTrouble{}, "🟢 The country table is in order again")
		set(store.TableTrouble{Table: "own.mmdb", Damaged: "1 of its 3 records"}, "🔴 The country table is damaged: 1 of its 3")
		set(store.TableTrouble{}, "🟢 The country table is whole again")

		of = store.SystemTable
		set(store.TableTrouble{Table: "as.mmdb", Refused: "is empty"}, "🔴 The new table of networks is refused: it is empty.")
		set(store.TableTrouble{}, "🟢 The table of networks is in order again")
		set(store.TableTrouble{Table: "as.mmdb", Damaged: "1 of its 3 records"}, "🔴 The table of networks is damaged: 1 of its 3")
		set(store.TableTrouble{}, "🟢 The table of networks is whole again")
	})
}
