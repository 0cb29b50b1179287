package bot

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// look takes a step of Health, delivers what it posted, and returns what was said since the last look.
func (d *desk) look() []string {
	d.t.Helper()
	before := len(d.sender.sent)
	if err := d.health.Step(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.step()
	return d.sender.texts()[before:]
}

// expect looks three times, and wants the first look to say this and the others nothing.
func (d *desk) expect(want ...string) {
	d.t.Helper()
	for range 3 {
		got := d.look()
		if len(got) != len(want) {
			d.t.Errorf("said %q, want %q", got, want)
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				d.t.Errorf("said\n%s\nwant\n%s", got[i], want[i])
			}
		}
		want = nil
	}
}

// restart is a new process on the same database.
func (d *desk) restart() {
	h := d.health
	d.health = &Health{
		Store: h.Store, Chats: h.Chats, Words: h.Words, Sources: h.Sources, Whois: h.Whois, Free: h.Free,
		Started: time.Now(), Next: h.Next,
	}
	d.digester.Health, d.commands.Health = d.health, d.health
}

func (d *desk) registry(change func(*store.Registry)) {
	d.t.Helper()
	err := d.store.ChangeRegistry(d.t.Context(), "whois.ripe.net",
		func(r *store.Registry) bool { change(r); return true })
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) healthLine() string {
	d.t.Helper()
	line, err := d.health.Digest(d.t.Context(), time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return line
}

func TestRegistryThatRefusesForLongIsToldOnceAndItsEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		refused := func(r *store.Registry) {
			r.Troubles++
			r.Refusals++
			r.Trouble = "%ERROR:201: access denied"
			if r.RefusedSince.IsZero() {
				r.RefusedSince = time.Now()
			}
		}
		d.registry(refused)
		d.registry(refused)
		time.Sleep(time.Hour)
		d.expect() // whois is off
		d.health.Whois = true
		d.expect("🔴 whois.ripe.net has refused to answer since 01:00 and says %ERROR:201: access denied. " +
			"Until it answers, the table alone says where its addresses are.")
		want := "web1: no ban yet. Trouble: whois.ripe.net has refused to answer since 01:00"
		if got := d.healthLine(); got != want {
			t.Errorf("digest %q, want %q", got, want)
		}
		d.restart()
		d.expect()
		d.registry(func(r *store.Registry) { r.Troubles, r.RefusedSince = 0, time.Time{} })
		d.expect("🟢 whois.ripe.net answers again, after 1 h")

		d.registry(refused) // once, and nobody asks again
		time.Sleep(5 * time.Hour)
		d.expect()
		d.registry(refused)
		d.expect("🔴 whois.ripe.net has refused to answer since 02:00 and says %ERROR:201: access denied. " +
			"Until it answers, the table alone says where its addresses are.")
	})
}

// give posts notices to a chat and lets the platform refuse them for good.
func (d *desk) give(chat store.Chat, reason string, keys ...string) {
	d.t.Helper()
	for _, key := range keys {
		if _, err := d.store.Post(d.t.Context(), notices([]store.Chat{chat}, key, Body{}, time.Now())...); err != nil {
			d.t.Fatal(err)
		}
	}
	due, err := d.store.Due(d.t.Context(), chat, time.Now(), "", 100)
	if err != nil || len(due) != len(keys) {
		d.t.Fatal(due, err)
	}
	for _, n := range due {
		if err := d.store.RecordOutcome(d.t.Context(), store.Refused, time.Now(), reason, n.ID); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestR12DeadLettersAreToldOnceAndNotOfThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		other := store.Chat{Platform: "stone", ID: "2"}
		d.give(other, "rejected: bad\u202eness", "digest/2026-11-22", "ban/7")
		d.give(d.deliverer.Chat, "a message without text", "history/9")
		d.expect("🔴 1 message to paper 1 was given up. The latest was a summary of old bans: a message without text. " +
			"/report has the numbers.")
		d.health.Chats = append(d.health.Chats, other)
		d.expect("🔴 2 messages to stone 2 were given up. The latest was an alert: the log says why. " +
			"/friends lists the bans themselves.")

		// The news of it may be refused, too: nobody is told of that.
		due, err := d.store.Due(t.Context(), other, time.Now(), "", 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		if err := d.store.RecordOutcome(t.Context(), store.Refused, time.Now(), "rejected", due[0].ID); err != nil {
			t.Fatal(err)
		}
		d.restart()
		d.expect()

		for i := range 100 { // an hour of them is one message
			d.give(other, "too old: ", fmt.Sprint("ban/", 100+i))
			time.Sleep(30 * time.Second)
			if said := d.look(); len(said) > 0 {
				t.Fatalf("said %q after %d more", said, i+1)
			}
		}
		time.Sleep(10 * time.Minute)
		d.expect("🔴 100 messages to stone 2 were given up. The latest was an alert: it waited for seven days. " +
			"/friends lists the bans themselves.")
		want := "web1: no ban yet. Trouble: 1 message to paper 1 given up; 103 messages to stone 2 given up"
		if got := d.healthLine(); got != want {
			t.Errorf("digest %q, want %q", got, want)
		}
		time.Sleep(25 * time.Hour) // a digest says nothing of what was given up long ago
		if got := d.healthLine(); strings.Contains(got, "given up") {
			t.Errorf("digest %q after a day", got)
		}
	})
}

// full makes the outbox refuse every notice, with SQLite's own error for a full database, until it is called.
func (d *desk) full(dir string) (room func()) {
	d.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "test.db"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { db.Close() })
	// A table with AUTOINCREMENT that has used the last number has no room for another row.
	_, err = db.ExecContext(d.t.Context(), `CREATE TABLE narrow (id INTEGER PRIMARY KEY AUTOINCREMENT);
		INSERT INTO narrow VALUES (9223372036854775807);
		CREATE TRIGGER narrow BEFORE INSERT ON notices BEGIN INSERT INTO narrow VALUES (NULL); END`)
	if err != nil {
		d.t.Fatal(err)
	}
	return func() {
		if _, err := db.ExecContext(d.t.Context(), "DROP TRIGGER narrow"); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestR24FullDiskIsToldAsSoonAsThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		failing := errors.New("source web1: no such file")
		step := d.health.Watch(func(context.Context) error { return failing })
		if err := step(t.Context()); !errors.Is(err, failing) {
			t.Errorf("the step's error has become %v", err)
		}
		d.expect() // other errors do not mean a full disk

		time.Sleep(3 * time.Minute)
		room := d.full(d.dir)
		failing = fmt.Errorf("keep bans: %w", syscall.ENOSPC)
		for range 30 {
			step(t.Context())
			d.expect()
			time.Sleep(20 * time.Second)
		}
		if got, want := d.healthLine(), "web1: no ban yet. Trouble: the disk is full"; got != want {
			t.Errorf("digest %q, want %q", got, want)
		}
		room()
		failing = nil
		step(t.Context())
		time.Sleep(calm)
		d.expect("🟢 The disk was full from 01:03 to 01:12. " +
			"What waited is read now, so that alerts of that time come late.")
		if got := d.healthLine(); strings.Contains(got, "Trouble") {
			t.Errorf("digest %q when it is over", got)
		}

		// The same when there is room for the message itself.
		failing = syscall.ENOSPC
		step(t.Context())
		d.expect("🔴 The disk was found full at 01:15. " +
			"Until there is room I keep nothing new: it waits in its files, and so do alerts. " +
			"To see what fills it: du -xh / | sort -h | tail")
		d.restart()
		d.expect() // a new process has not tried yet
		time.Sleep(calm)
		d.expect("🟢 The disk is not full any more, after 2 min: what was waiting is being read now")
	})
}

func TestDiskThatFillsIsToldOnceAndItsEndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var free int64 = 5_000_000_000
		d.health.Free = func() (int64, error) { return free, nil }
		size, err := d.store.Size(t.Context())
		if err != nil || size > 400_000 {
			t.Fatal(size, err)
		}
		d.expect()
		free = 99_000_000
		d.expect("🔴 The disk is nearly full: 99.0 MB free, and the database has " +
			strings.TrimSuffix(fmt.Sprintf("%.0f", float64(size)/1000), ".") +
			" kB. On a full disk I cannot keep what is new. To see what fills it: du -xh / | sort -h | tail")
		d.restart()
		free = 110_000_000 // it wavers
		d.expect()
		want := "web1: no ban yet. Trouble: the disk is nearly full (110 MB free)"
		if got := d.healthLine(); got != want {
			t.Errorf("digest %q, want %q", got, want)
		}
		free = 130_000_000
		d.expect("🟢 The disk has room again: 130 MB free")
	})
	if got := room(400_000_000); got != 800_000_000 {
		t.Errorf("a database of 400 MB wants %d bytes free, want twice its size", got)
	}
}

func TestR21ClockThatJumpsIsToldAFewTimesAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var up time.Duration
		wall := time.Date(2026, 11, 23, 4, 12, 0, 0, time.UTC)
		pass := func(second, other time.Duration) []string {
			t.Helper()
			up, wall = up+second, wall.Add(other)
			time.Sleep(second)
			before := len(d.sender.sent)
			if err := d.health.jump(t.Context(), wall, up); err != nil {
				t.Fatal(err)
			}
			d.step()
			return d.sender.texts()[before:]
		}
		const look = 20 * time.Second
		for _, tc := range []struct {
			wall time.Duration
			want string
		}{
			{look, ""}, // the first look has nothing to compare with
			{look, ""},
			{look + 59*time.Second, ""}, // a daemon corrects that slowly, and nobody minds
			{look - 59*time.Second, ""},
			{
				look + 24*time.Hour,
				"The clock was set forward by 1 day: from Mon 23 Nov 05:13 to Tue 24 Nov 05:13. Or the machine slept.",
			},
			{look, ""},
			{
				look - 24*time.Hour - 90*time.Second,
				"The clock was set back by 1 day: from Tue 24 Nov 05:14 to Mon 23 Nov 05:12.",
			},
			{look, ""},
		} {
			got := strings.Join(pass(look, tc.wall), "|")
			if got != tc.want {
				t.Errorf("clock moved by %v in %v: said %q, want %q", tc.wall, look, got, tc.want)
			}
		}
		said := 0
		for i := range 180 { // an hour in which two daemons fight over the clock
			said += len(pass(look, look+time.Duration(1-2*(i%2))*time.Hour))
		}
		if said < 1 || said > 6 {
			t.Errorf("told %d times in an hour, want a few", said)
		}
	})
}

func TestPostTellsOnceForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for range 2 {
			text := msg.Text{{Text: "The database was damaged"}}
			if err := d.health.Post(t.Context(), "damage/2026-11-22", text); err != nil {
				t.Fatal(err)
			}
			d.step()
			d.restart()
		}
		d.said("The database was damaged")
	})
}

func TestOneTroubleDoesNotHideAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.health.Free = func() (int64, error) { return 0, errors.New("statfs: no such file or directory") }
		time.Sleep(25 * time.Hour)
		if err := d.health.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "statfs") {
			t.Errorf("error %v, want that of statfs", err)
		}
		d.step()
		d.said("web1 is silent")
	})
}
