package acceptance

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
)

// The clock of a simulation cannot be set, but a program cannot tell a clock that was set from one that went on while
// it did not run: a start after days asleep is a start with the clock ahead, and a start in another simulation, whose
// clock begins anew, is one with the clock behind. The clock of a real process, set while
// it runs, too, is in clock_linux_amd64_test.go.

// addressesOf counts the addresses that the database holds.
func addressesOf(t *testing.T, database string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM addresses").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestR31ClockAheadAtTheStartDeletesNothing(t *testing.T) {
	for _, days := range []int{10, 400, 800} {
		t.Run(fmt.Sprint(days, " days"), func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				time.Sleep(30 * 24 * time.Hour) // older bans are not believed to be of this century
				stop := s.start()
				var old strings.Builder
				for i := range 20 {
					at := time.Now().Add(-time.Duration(i) * 24 * time.Hour)
					old.WriteString(harness.BanRow(at, harness.Friend(i), "sshd", ""))
				}
				s.Append(old.String())
				time.Sleep(10 * time.Minute)
				stop()
				before := addressesOf(t, s.Database)
				if before != 20 {
					t.Fatalf("%d addresses, want 20", before)
				}

				time.Sleep(time.Duration(days) * 24 * time.Hour)
				stop = s.start()
				log := &s.bot.stderr
				time.Sleep(5 * time.Minute)
				const told = "The clock may be wrong: it shows "
				s.Want(t, map[string]int{told: 1, fmt.Sprintf("%d days ahead of when I last ran", days): 1})
				if !strings.Contains(log.String(), told) {
					t.Errorf("logged: %s", log)
				}
				time.Sleep(2 * time.Hour)
				s.ban(100)
				time.Sleep(5 * time.Minute)
				s.Want(t, map[string]int{harness.Alert(harness.Friend(100)): 1})
				if after := addressesOf(t, s.Database); after != before+1 {
					t.Errorf("%d addresses, want %d", after, before+1)
				}
				stop()
				if days != 400 {
					return
				}
				for range 8 { // it was right, and the program really did not run for so long
					time.Sleep(23 * time.Hour)
					stop = s.start()
					time.Sleep(2 * time.Minute)
					stop()
				}
				s.Want(t, map[string]int{told: 1, "The clock is right again": 1})
				if after := addressesOf(t, s.Database); after != 1 {
					t.Errorf("%d addresses after a week, want 1", after)
				}
			}, everyMinute)
		})
	}
}

func TestR31ClockBehindAtTheStartGivesNothingUp(t *testing.T) {
	scene := harness.NewChatScene(t, harness.InMemory(t), everyMinute)
	inSimulation := func(test func(t *testing.T, s *simulation)) {
		synctest.Test(t, func(t *testing.T) {
			again := *scene
			again.T = t
			test(t, &simulation{Scene: &again, Platforms: harness.InMemory(t)})
		})
	}
	var late string
	inSimulation(func(t *testing.T, s *simulation) {
		time.Sleep(10 * 24 * time.Hour)
		stop := s.start()
		s.ban(1)
		time.Sleep(5 * time.Minute)
		stop()
		late = harness.BanRow(time.Now(), harness.Friend(2), "sshd", "")
	})
	inSimulation(func(t *testing.T, s *simulation) {
		s.Append(late)
		stop := s.start()
		time.Sleep(5 * time.Minute)
		s.ban(3)
		time.Sleep(5 * time.Minute)
		stop()
		s.Want(t, map[string]int{
			"10 days behind when I last ran": 1,
			harness.Alert(harness.Friend(1)): 0,
			harness.Alert(harness.Friend(2)): 1,
			harness.Alert(harness.Friend(3)): 1,
		})
		if n := addressesOf(t, s.Database); n != 3 {
			t.Errorf("%d addresses, want 3", n)
		}
	})
}
