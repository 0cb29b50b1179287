package bot

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

func TestR25DamageIsToldInWords(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 4, 5, 0, time.UTC)
	tests := map[string]struct {
		m    store.Restored
		want string
	}{
		"from a copy": {
			store.Restored{
				Reason: "had a broken header", At: now, Copied: now.Add(-14 * time.Hour),
				Aside: "friendlyfire.db.damaged-2026-11-23T140405Z",
			},
			"My database had a broken header. Its copy of 01:04 is in its place. " +
				"Bans since then are read again as far as the sources' files go back. " +
				"Alerts may repeat, and whois is asked again. " +
				"The old one is kept beside it for seven days: friendlyfire.db.damaged-2026-11-23T140405Z",
		},
		"anew": {
			store.Restored{Reason: "was empty", At: now, Aside: "friendlyfire.db.damaged-2026-11-23T140405Z"},
			"My database was empty. There was no good copy, so it begins anew with the bans that the sources' " +
				"files still hold; older ones are missing from reports. Alerts may repeat. " +
				"The old one is kept beside it for seven days: friendlyfire.db.damaged-2026-11-23T140405Z",
		},
		"deleted": {
			store.Restored{Reason: "was deleted while I ran", At: now, Whole: true},
			"My database was deleted while I ran. I have written it again from what I had open: nothing is missing.",
		},
		"by hand": {
			store.Restored{Copied: now.Add(-38 * time.Hour)},
			"My database is a copy of Sun 22 Nov 01:04, put there by hand. " +
				"Bans since then are read again as far as the sources' files go back. " +
				"Alerts may repeat, and whois is asked again.",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (Words{Zone: brussels}).corruption(tc.m, now).String(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// The chats are told once of a copy that was put in place by hand; from then on, it is the database.
func TestR25ARestoredCopyIsToldOfOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		dir := t.TempDir()
		original, err := store.Open(ctx, filepath.Join(dir, "friendlyfire.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer original.Close()
		if _, err := store.Copy(ctx, filepath.Join(dir, "friendlyfire.db"), filepath.Join(dir, "copy.db")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		chats := []store.Chat{{Platform: "telegram", ID: "1"}, {Platform: "discord", ID: "2"}}
		copied, err := store.Open(ctx, filepath.Join(dir, "copy.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer copied.Close()
		for i, s := range []*store.Store{copied, copied, original} {
			if err := TellOfCorruption(ctx, s, chats, Words{Zone: time.UTC}, time.Hour); err != nil {
				t.Fatal(err)
			}
			for _, chat := range chats {
				due, err := s.Due(ctx, chat, time.Now(), "", 10)
				if want := []int{1, 1, 0}[i]; err != nil || len(due) != want {
					t.Errorf("%d notices to %s, %v, want %d", len(due), chat, err, want)
				}
			}
		}
	})
}
