package bot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

func (d *desk) status() string {
	d.t.Helper()
	return d.commands.Answer(d.t.Context(), msg.Request{Text: "/status"}).Text.String()
}

var kilobytes = regexp.MustCompile(`\d+ kB`)

func TestStatusOfOneSourceSaysThatAllIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		d.health.Free = func() (int64, error) { return 75_900_000_000, nil }
		d.health.Whois = true
		d.registry(func(r *store.Registry) { r.Asked, r.Day = 12, time.Now().Unix()/86_400 })
		d.ban("198.51.100.7", "BE")
		d.step()
		want := `🟢 All is well. Running since 01:00
web1: last ban 01:00 (just now), 1 ban
paper 1: last message 01:00
whois: 1 address waits, 12 asked today
database: many kB, 75.9 GB of its disk free`
		if got := kilobytes.ReplaceAllString(d.status(), "many kB"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestStatusOfFiveSourcesAndThreeChatsInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Patience = 0
		telegram := store.Chat{Platform: "telegram", ID: "-1001234567890"}
		discord := store.Chat{Platform: "discord", ID: "112233445566778899"}
		d.health.Chats = append(d.health.Chats, telegram, discord)
		d.commands.Chats, d.announcer.Chats = d.health.Chats, d.health.Chats
		d.health.Sources = nil
		for i := range 7 {
			d.health.Sources = append(d.health.Sources,
				Watched{Name: fmt.Sprint("web", i+1), SilentAfter: 24 * time.Hour})
		}
		var free int64 = 50_000_000
		d.health.Free = func() (int64, error) { return free, nil }
		d.health.Whois = true
		d.registry(func(r *store.Registry) { r.Troubles, r.RefusedSince = 3, time.Now() })
		d.ban("198.51.100.7", "BE")
		time.Sleep(12 * time.Hour)
		read := func(source string, bans, rejects int) {
			batch := store.Batch{
				Source: source, Cursor: store.Cursor{Offset: 100, Size: 1_200_100, Line: 1},
				Lines: bans + rejects, ReadAt: time.Now(), NewsSince: time.Now(),
			}
			for i := range bans {
				batch.Bans = append(batch.Bans, store.Ban{
					Time: time.Now().Add(-48*time.Hour - time.Duration(i)*time.Second), HasEpoch: true,
					Address: "192.0.2.1", Jail: "sshd",
				})
			}
			for i := range rejects {
				batch.Rejects = append(batch.Rejects, store.Reject{Line: int64(i + 1), Reason: "no address"})
			}
			if _, err := d.store.AddBans(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 7 {
			read(fmt.Sprint("web", i+1), 1000+i, 3*(i%2))
		}
		if err := d.store.SourceFailed(t.Context(), "web7", "permission denied", time.Now()); err != nil {
			t.Fatal(err)
		}
		const refused = "not sent: connection refused"
		err := d.store.RecordAttempt(t.Context(), store.Attempt{
			Chat: discord, At: time.Now(), Outcome: store.NotSent, Failed: true, Reason: refused,
		})
		if err != nil {
			t.Fatal(err)
		}
		d.give(telegram, "rejected: empty", "digest/1999-12-31")
		time.Sleep(5 * time.Minute)
		full := d.health.Watch(func(context.Context) error { return syscall.ENOSPC })
		if err := full(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		d.look()
		d.health.clock.wall = d.health.clock.wall.Add(-time.Hour) // as if it had been set since
		d.look()
		want := "🔴 Trouble with web7, telegram -1001234567890, discord 112233445566778899, whois.ripe.net and the disk" +
			`. Running since 01:00
web7: last ban Thu 30 Dec 13:00 (2 days ago), 1 006 bans, 1.2 MB to read, unreadable since 13:00 (permission denied)
web1: last ban 01:00 (12 h ago), 1 001 bans, 1.2 MB to read
web2: last ban Thu 30 Dec 13:00 (2 days ago), 1 001 bans, 1.2 MB to read, 3 bad lines (3 × no address, latest in line 3)
web3: last ban Thu 30 Dec 13:00 (2 days ago), 1 002 bans, 1.2 MB to read
web4: last ban Thu 30 Dec 13:00 (2 days ago), 1 003 bans, 1.2 MB to read, 3 bad lines (3 × no address, latest in line 3)
… and 2 other sources; trouble with one is told of
paper 1: last message 13:05
telegram -1001234567890: nothing sent yet, 8 waiting, 1 given up
discord 112233445566778899: nothing sent yet, 7 waiting, failing since 13:00 (the connection is refused)
whois: whois.ripe.net refuses since 01:00, 1 address waits, 0 asked today
lately: The clock was set forward by 1 h: from 12:05 to 13:05. Or the machine slept.
database: many kB, 50.0 MB of its disk free, writes found no room since 13:05`
		want = strings.ReplaceAll(want, "1,00", "1"+thin+"00")
		if got := kilobytes.ReplaceAllString(d.status(), "many kB"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		want = "web1: last ban 01:00 (12 h ago); web2: last ban Thu 30 Dec 13:00 (2 days ago); " +
			"web3: last ban Thu 30 Dec 13:00 (2 days ago); and 4 other sources: /status lists them. " +
			"Trouble: web7 cannot be read since 13:00; " +
			"1 message to telegram -1001234567890 given up; discord 112233445566778899 out of reach since 13:00; " +
			"whois.ripe.net has refused to answer since 01:00; the disk is full"
		if digest := d.healthLine(); digest != want {
			t.Errorf("digest\n%s\nwant\n%s", digest, want)
		}
	})
}
