package bot

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// storm reads n bans of Belgian addresses, one a second, all in one read.
func (d *desk) storm(n int, changes ...func(i int, b *store.Ban)) {
	d.t.Helper()
	var bans []store.Ban
	for i := range n {
		bans = append(bans, store.Ban{
			Time: time.Now().Add(time.Duration(i-n) * time.Second), HasEpoch: true, Jail: "sshd", Failures: 5, BanTime: 3600,
			Address: fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250),
		})
		for _, change := range changes {
			change(i, &bans[i])
		}
	}
	d.line++
	_, err := d.store.AddBans(d.t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: d.line, Size: d.line, Line: d.line}, Bans: bans, Lines: n,
		ReadAt: time.Now(), NewsSince: time.Now().Add(-time.Hour),
		Place: func(string) (store.Located, error) { return store.Located{Public: true, Country: "BE"}, nil },
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// named are the addresses of the first n bans of a storm.
func named(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250))
	}
	return strings.Join(all, " ")
}

func TestR15StormIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.sender.replies, d.sender.lose = []error{errors.New("EOF")}, true
		d.storm(60)
		d.step()
		time.Sleep(2 * time.Second)
		d.step()
		want := "🇧🇪 sshd on web1 banned 60 friends in 1 min (Belgium)\n00:59 · 198.51.100.0/24 60\n" + named(60) +
			"\nsudo fail2ban-client set sshd unbanip " + named(60)
		d.said(want, mayRepeat(want))
		if got := d.sender.texts(); got[0] != want || got[1] != mayRepeat(want) || d.sender.sent[0].Silent {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n---\n"), want)
		}
	})
}

// Each ban is named, or counted, with the way to it.
func TestR15EveryBanOfAStormIsToldOrCounted(t *testing.T) {
	counted := regexp.MustCompile(`… and ([\d,]+) more bans?: /friends 24h lists them`)
	for _, limit := range []int{300, 2000, 4096} {
		for _, bans := range []int{crowd, 199, 200, 201, 1000} {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.sender.limit = limit
				d.storm(bans)
				d.step()
				told := map[string]bool{}
				more := 0
				for _, text := range d.sender.texts() {
					if len(mayRepeat(text)) > limit {
						t.Errorf("a message of %d bytes with the note, limit %d", len(mayRepeat(text)), limit)
					}
					_, command, _ := strings.Cut(text, " unbanip ")
					command, _, _ = strings.Cut(command, "\n")
					for address := range strings.FieldsSeq(command) {
						if told[address] || !strings.Contains(text, address) {
							t.Errorf("%s is told twice, or only in the command", address)
						}
						told[address] = true
					}
					if m := counted.FindStringSubmatch(text); m != nil {
						n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
						if err != nil {
							t.Fatal(err)
						}
						more += n
					}
				}
				if n := len(d.sender.sent); len(told)+more != bans || n > 1 {
					t.Errorf("%d of %d bans named and %d counted, in %d messages", len(told), bans, more, n)
				}
			})
		}
	}
}

func TestStormNamesAnAddressOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 10 {
			d.ban("198.51.100.7", "BE", ago(time.Duration(i)*time.Minute))
		}
		d.ban("198.51.100.8", "BE")
		d.step()
		d.said("🇧🇪 sshd on web1 banned 2 friends 11 times in 9 min (Belgium)\n00:51 to 01:00 · 198.51.100.0/24 2\n" +
			"198.51.100.7 ×10 198.51.100.8\nsudo fail2ban-client set sshd unbanip 198.51.100.7 198.51.100.8")
	})
}

func TestStormsAreByJailServerAndCountry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 5 {
			address := fmt.Sprint("198.51.100.", i)
			d.ban(address, "BE")
			d.ban(address, "BE", by("postfix"))
		}
		d.ban("203.0.113.9", "BE", by("nginx"))
		d.step()
		d.said("sshd on web1 banned 5 friends at once (Belgium)\n")
		text := d.sender.texts()[0]
		for _, want := range []string{
			"\n\n🇧🇪 postfix on web1 banned 5 friends at once (Belgium)\n", "\n\n🇧🇪 nginx on web1 banned 203.0.113.9 (Belgium)\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	})
}

func TestMaskedStormNamesNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.announcer.Words.Mask, d.deliverer.Words.Mask = true, true
		d.storm(60)
		d.step()
		d.said("🇧🇪 sshd on web1 banned friends 60 times in 1 min (Belgium)\n00:59\n198.51.100.0/24 ×60\n" +
			"To see the address, on the server: sudo fail2ban-client status sshd")
	})
}

// The times of an alert are without a day, since it is of today. One that could not be sent says of which day it is.
func TestR11AlertThatHasWaitedSaysItsDay(t *testing.T) {
	for name, bans := range map[string]int{"an alert": 1, "a storm": 60} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.sender.replies = []error{&msg.NotSentError{Reason: "kicked", After: 48 * time.Hour}}
				d.storm(bans)
				d.step()
				time.Sleep(49 * time.Hour)
				d.step()
				d.said(" (Belgium) (Sat 1 Jan)\n")
			})
		})
	}
}

// Notices that were refused are tried last. What a storm counts beyond those that are looked at is behind all of them.
func TestR12StormHasEachNoticeOnceInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.storm(30)
		if err := d.announcer.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		due, err := d.store.Due(t.Context(), d.deliverer.Chat, time.Now(), "", 20)
		if err != nil || len(due) != 20 {
			t.Fatal(len(due), err)
		}
		all, err := d.deliverer.parcels(t.Context(), append(due[10:], due[:10]...), len(due))
		if err != nil || len(all) != 1 {
			t.Fatalf("%d parcels, %v", len(all), err)
		}
		seen := map[int64]bool{}
		for _, n := range all[0].notices {
			seen[n.ID] = true
		}
		if len(seen) != 30 || len(all[0].notices) != 30 {
			t.Errorf("%d notices, %d different ones, want 30", len(all[0].notices), len(seen))
		}
	})
}

// mixed makes a storm of two people, a few attackers, and others.
func mixed(i int, b *store.Ban) {
	switch {
	case i < 2:
		b.Matches = failed("jdupont", "jdupont", "jdupont", "jdupont", "jdupont")
	case i < 7:
		b.Matches = failed("invalid user oracle", "invalid user admin", "invalid user test", "invalid user git", "root")
	}
}

// Whom it hit comes first, with what is usual, and all of one network is said once. The addresses stand back.
func TestAStormFoldsItsAddressesBehindWhatTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 30 {
			d.ban("198.51.100.200", "BE", ago(time.Duration(i+1)*24*time.Hour))
		}
		d.summarised()
		d.systems = map[string]store.Located{}
		for i := range 9 {
			address := fmt.Sprint("198.51.100.", i)
			d.systems[address] = store.Located{ASN: 64500, Holder: "Example Telecom NV"}
			d.ban(address, "BE", func(b *store.Ban) { mixed(i, b) })
		}
		d.step()
		const want = "(Belgium)\nProbably 2 people, 2 unclear, 5 attackers; usually 1 a day\n" +
			"People: 198.51.100.0 (jdupont), 198.51.100.1 (jdupont)\n03:00 · 198.51.100.0/24 9 · all Example Telecom (AS64500)\n"
		d.said(want)
		for _, run := range d.sender.sent[0].Text {
			if strings.Contains(run.Text, "198.51.100.4 198.51.100.5") && strings.Count(run.Text, " ") == 8 &&
				run.Style != msg.Quote {
				t.Errorf("the list is %s: %q", run.Style, run.Text)
			}
		}
	})
}

func TestAStormSaysWhoWasBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.storm(9, mixed)
		d.step()
		const want = "(Belgium)\nProbably 2 people, 2 unclear, 5 attackers\n" +
			"People: 198.51.100.0 (jdupont), 198.51.100.1 (jdupont)\n"
		if all := strings.Join(d.sender.texts(), "\n---\n"); !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	})
}
