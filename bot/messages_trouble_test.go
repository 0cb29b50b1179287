package bot

import (
	"errors"
	"fmt"
	"time"

	"friendlyfire/store"
)

// troubleScenes are each kind of trouble, and its end.
var troubleScenes = []scene{
	{"a source that cannot be read", func(d *desk) {
		d.failed("permission denied")
		time.Sleep(2 * time.Minute)
		d.look()
		d.failed("")
		d.look()
	}},
	{"a source that is silent", func(d *desk) {
		d.ban("198.51.100.9", "CN")
		time.Sleep(25 * time.Hour)
		d.look()
		d.ban("198.51.100.9", "CN")
		d.look()
	}},
	{"a source whose bans stop", func(d *desk) {
		d.health.Sources[0].SilentAfter = 0
		d.history(40, func(time.Time) bool { return true })
		time.Sleep(2 * time.Minute)
		d.step()
		d.sender.sent = nil
		time.Sleep(25 * time.Hour)
		d.look()
		time.Sleep(3 * time.Hour)
		d.ban("198.51.100.8", "CN")
		d.look()
	}},
	{"a source that is not understood", func(d *desk) {
		time.Sleep(2 * time.Minute)
		d.read(0, 100, nil)
		d.look()
		d.read(50, 0, nil)
		d.look()
	}},
	{"a file that is gone", func(d *desk) {
		d.failed(store.NoFile + ": /var/log/fail2ban.log")
		time.Sleep(time.Minute)
		d.look()
		d.failed("")
		d.look()
	}},
	{"a source whose Fail2Ban logs warnings only", func(d *desk) {
		time.Sleep(2 * time.Minute)
		d.read(0, 0, map[string]int{store.AlreadyBanned: 5})
		d.look()
		d.read(1, 0, nil)
		d.look()
	}},
	{"a server of a stream whose agent is silent", func(d *desk) {
		heard := func() {
			now := time.Now()
			b := store.Batch{Source: "fleet", ReadAt: now, Heard: map[string]store.Heard{"db7": {Line: now, Alive: true}}}
			if _, err := d.store.AddBans(d.t.Context(), b); err != nil {
				d.t.Fatal(err)
			}
		}
		d.health.Sources = nil
		d.health.Found = func() []Watched { return []Watched{{Name: "db7", SilentAfter: 24 * time.Hour}} }
		heard()
		time.Sleep(23 * time.Hour)
		d.look()
		time.Sleep(2 * time.Hour)
		d.look()
		heard()
		d.look()
	}},
	{"messages of a stream that are lost", func(d *desk) {
		for range 2 { // the second time after a kill
			if err := d.health.MessagesLost(d.t.Context(), "fleet", 4711, 3, "the stream had dropped them before they were read"); err != nil {
				d.t.Fatal(err)
			}
		}
		d.look()
	}},
	{"a table that is refused, and one that is damaged", func(d *desk) {
		for _, trouble := range []store.TableTrouble{
			{Table: "own.mmdb", Refused: "is empty"}, {}, {Table: "own.mmdb", Damaged: "1 of its 3 records cannot be read"}, {},
		} {
			if err := d.store.SetTableTrouble(d.t.Context(), store.CountryTable, trouble); err != nil {
				d.t.Fatal(err)
			}
			d.look()
		}
	}},
	{"a database that was damaged", func(d *desk) {
		now := time.Now()
		for _, restored := range []store.Restored{
			{Reason: "had a broken header", At: now, Copied: now.Add(-14 * time.Hour), Aside: "friendlyfire.db.damaged-2026-11-23T140405Z"},
			{Reason: "was deleted while I ran", At: now, Whole: true},
		} {
			text := marked(restored, d.health.Words.corruption(restored, now))
			if err := d.health.Post(d.t.Context(), "damage/"+restored.Reason, text); err != nil {
				d.t.Fatal(err)
			}
			d.look()
		}
	}},
	{"a chat out of reach", func(d *desk) {
		other := store.Chat{Platform: "stone", ID: "2"}
		d.health.Chats = append(d.health.Chats, other)
		err := d.store.RecordAttempt(d.t.Context(), store.Attempt{
			Chat: other, At: time.Now(), Outcome: store.NotSent, Hold: 4 * time.Hour,
		})
		if err != nil {
			d.t.Fatal(err)
		}
		d.look()
		time.Sleep(4 * time.Hour)
		d.look()
	}},
	{"a chat that has blocked the bot", func(d *desk) {
		other := store.Chat{Platform: "stone", ID: "2"}
		d.health.Chats = append(d.health.Chats, other)
		var ids []int64
		for i := range 3 {
			_, err := d.store.Post(d.t.Context(), notices([]store.Chat{other}, fmt.Sprint("history/", i), Body{}, time.Now())...)
			if err != nil {
				d.t.Fatal(err)
			}
		}
		due, err := d.store.Due(d.t.Context(), other, time.Now(), "", 9)
		for _, n := range due {
			ids = append(ids, n.ID)
		}
		attempt := func(a store.Attempt) {
			_, err2 := d.store.Claim(d.t.Context(), "nonce", time.Now(), ids...)
			a.Chat, a.IDs, a.At = other, ids, time.Now()
			if err := errors.Join(err, err2, d.store.RecordAttempt(d.t.Context(), a)); err != nil {
				d.t.Fatal(err)
			}
		}
		attempt(store.Attempt{
			Outcome: store.NotSent, Failed: true, Hold: time.Second,
			Reason: "not sent: sendMessage: status 403: Forbidden: bot was blocked by the user",
		})
		time.Sleep(downAfter + time.Minute)
		d.look()
		time.Sleep(2 * time.Hour)
		attempt(store.Attempt{Message: "m1"})
		d.look()
	}},
	{"messages given up", func(d *desk) {
		d.give(d.deliverer.Chat, "rejected: empty", "history/9")
		d.look()
	}},
	{"a registry that refuses", func(d *desk) {
		d.health.Whois = true
		d.registry(func(r *store.Registry) {
			r.Troubles, r.Trouble, r.RefusedSince = 2, "%ERROR:201: access denied", time.Now()
		})
		time.Sleep(time.Hour)
		d.look()
		d.registry(func(r *store.Registry) { r.Troubles, r.RefusedSince = 0, time.Time{} })
		d.look()
	}},
	{"a disk that fills", func(d *desk) {
		free := int64(900_000)
		d.health.Free = func() (int64, error) { return free, nil }
		d.look()
		free = 130_000_000
		d.look()
		d.health.full.seen(time.Now())
		d.look()
		time.Sleep(calm)
		d.look()
	}},
	{"a clock that jumps", func(d *desk) {
		for i, up := range []time.Duration{0, 20 * time.Second} {
			wall := time.Now().Add(up + time.Duration(i)*24*time.Hour)
			if err := d.health.jump(d.t.Context(), wall, up); err != nil {
				d.t.Fatal(err)
			}
		}
	}},
}

// failed is what reading the source has failed with.
func (d *desk) failed(reason string) {
	d.t.Helper()
	if err := d.store.SourceFailed(d.t.Context(), "web1", reason, time.Now()); err != nil {
		d.t.Fatal(err)
	}
}
