package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"friendlyfire/acceptance/harness"
)

// What the chats are told when a source is unwell, and when it is well again.
const (
	unread, readAgain         = "web1 cannot be read since", "web1 can be read again"
	strange                   = "web1 brings lines that I do not understand"
	familiar                  = "web1 brings lines that I understand again"
	foreign                   = "web1 brings no line of Fail2Ban"
	muted, unmuted            = "web1 logs no bans", "web1 logs more than warnings"
	unusuallyQuiet, bansAgain = "web1: no ban for", "web1 has bans again"
)

// health counts what each chat was told of the source's health.
func (s *simulation) health(want map[string]int) {
	s.T.Helper()
	for _, what := range []string{
		unread, readAgain, strange, familiar, foreign, muted, unmuted, unusuallyQuiet, bansAgain, "silent",
	} {
		if !s.Exactly(what, want[what]) {
			s.T.Errorf("told of %q: %v, want %d times in each chat", what, s.Mentions(what), want[what])
		}
	}
}

// toldAfter waits until every chat was told, an hour at most, and returns how long that took.
func (s *simulation) toldAfter(what string) time.Duration {
	s.T.Helper()
	begun := time.Now()
	for !s.InEveryChat(what) {
		if time.Since(begun) > time.Hour {
			s.T.Fatalf("told of %q: %v after an hour", what, s.Mentions(what))
		}
		time.Sleep(time.Second)
	}
	return time.Since(begun)
}

// status is what the bot answers to /status.
func (s *simulation) status() string {
	s.T.Helper()
	s.Telegram.Say(42, 0, 7, "/status")
	time.Sleep(time.Minute)
	for _, m := range slices.Backward(s.Telegram.Messages()) {
		if strings.Contains(m.Text, "Running since") {
			return m.Text
		}
	}
	s.T.Fatal("no answer to /status")
	return ""
}

// wants fails unless /status has the text.
func (s *simulation) wants(text string) {
	s.T.Helper()
	if got := s.status(); !strings.Contains(got, text) {
		s.T.Errorf("/status says\n%s\nwant %q in it", got, text)
	}
}

// write appends to the file, and the bot is told.
func (s *simulation) write(text string) {
	s.T.Helper()
	s.Append(text)
	s.bot.wake()
}

// Changes of the configuration.
var (
	everyQuarter = harness.Change{`every = "1s"`, `every = "15s"`} // of a minute, as it is unless configured
	inUTC        = harness.Change{`"Europe/Brussels"`, `"UTC"`}
)

const banHeader = "DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES\n"

func TestT02FileThatIsGoneIsToldWithinAMinuteAndRotationIsNot(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		stop := s.start()
		s.ban(1)
		time.Sleep(10 * time.Minute)
		s.wants("All is well")

		// Log rotation: at once, in two seconds, and with a new file only at the next ban.
		for i, pause := range []time.Duration{0, 2 * time.Second, 3 * time.Hour} {
			must(t, os.Rename(s.Bans, fmt.Sprintf("%s-2000010%d", s.Bans, i+1)))
			time.Sleep(pause)
			s.write(banHeader)
			s.ban(10 + i)
			time.Sleep(10 * time.Minute)
		}
		// An editor writes a file anew, slowly.
		text, err := os.ReadFile(s.Bans)
		must(t, err)
		for range 5 {
			must(t, os.Remove(s.Bans))
			time.Sleep(18 * time.Second)
			s.write(string(text))
			time.Sleep(10 * time.Minute)
		}
		s.health(nil)
		s.wants("All is well")

		for _, old := range []string{"1", "2", "3"} {
			must(t, os.Remove(s.Bans+"-2000010"+old))
		}
		must(t, os.Remove(s.Bans))
		took := s.toldAfter(unread)
		if took > time.Minute {
			t.Errorf("told after %v", took)
		}
		harness.Reached(t, "the file gone: told after %v; three rotations: told of none", took)
		time.Sleep(time.Hour)
		s.wants("Trouble with web1")
		stop()
		stop = s.start()
		time.Sleep(time.Hour)
		s.health(map[string]int{unread: 1})
		s.Append(banHeader)
		s.ban(20)
		s.toldAfter(readAgain)
		time.Sleep(time.Hour)
		s.health(map[string]int{unread: 1, readAgain: 1})
		s.wants("All is well")
		stop()
	}, everyQuarter)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestT02UnknownFormThatGrowsIsToldWithinTenMinutes(t *testing.T) {
	t.Parallel()
	for name, pace := range map[string]struct {
		lines int
		every time.Duration
	}{"a flood": {200, 10 * time.Second}, "a line a minute": {1, time.Minute}} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, s *simulation) {
				stop := s.start()
				s.ban(1)
				s.write("torn\n") // a bad line costs only itself
				time.Sleep(2 * time.Hour)
				for i := range 20 {
					s.ban(2 + i)
				}
				time.Sleep(time.Minute)
				s.health(nil)
				s.wants("All is well")
				begun := time.Now()
				for !s.InEveryChat(strange) && time.Since(begun) < time.Hour {
					s.write(strings.Repeat("203.0.113.7 was put to jail\n", pace.lines))
					time.Sleep(pace.every)
				}
				took := time.Since(begun)
				if took > 10*time.Minute {
					t.Errorf("told after %v", took)
				}
				harness.Reached(t, "%s of an unknown form: told after %v", name, took.Round(time.Second))
				s.wants("Trouble with web1")
				stop()
				stop = s.start()
				for range 30 {
					s.write(strings.Repeat("203.0.113.7 was put to jail\n", pace.lines))
					time.Sleep(time.Minute)
				}
				s.health(map[string]int{strange: 1})
				for i := range 3 {
					s.ban(50 + i)
					time.Sleep(time.Minute)
				}
				s.health(map[string]int{strange: 1, familiar: 1})
				s.wants("All is well")
				stop()
			})
		})
	}
}

// syslogLine is a line of a system log.
func syslogLine(program, message string) string {
	return fmt.Sprintf("%s web1 %s[812]: %s\n", time.Now().UTC().Format(time.Stamp), program, message)
}

func TestT02LogOfOtherProgramsIsToldUnlessItHasABanNowAndThen(t *testing.T) {
	t.Parallel()
	others := func(s *simulation, minutes int) {
		for range minutes {
			s.write(strings.Repeat(syslogLine("sshd", "Failed password for anna from 203.0.113.7 port 22 ssh2"), 30))
			time.Sleep(time.Minute)
		}
	}
	simulate(t, func(t *testing.T, s *simulation) {
		s.Write(s.Bans, []byte(syslogLine("cron", "hourly")))
		stop := s.start()
		others(s, 11)
		s.health(map[string]int{foreign: 1})
		s.wants("Trouble with web1")
		others(s, 60)
		s.health(map[string]int{foreign: 1})
		s.write(syslogLine("fail2ban.actions", "NOTICE [sshd] Ban 2001:db8::7"))
		s.toldAfter(familiar)
		for range 4 { // from now on it is known to be a log with Fail2Ban in it
			others(s, 90)
			s.write(syslogLine("fail2ban.actions", "NOTICE [sshd] Ban 2001:db8::8"))
		}
		s.health(map[string]int{foreign: 1, familiar: 1})
		s.wants("All is well")
		stop()
	}, inUTC, everyQuarter)
}

func TestT02LogLevelThatHidesBansIsTold(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		line := func(module, level, message string) string {
			return fmt.Sprintf("%s,001 %-24s[833]: %-7s %s\n", time.Now().UTC().Format(time.DateTime), module, level,
				message)
		}
		s.Write(s.Bans, []byte(line("fail2ban.actions", "WARNING", "[dovecot] 203.0.113.7 already banned")+
			line("fail2ban.filter", "ERROR", "Unable to open /var/log/mail.log")+
			line("fail2ban.actions", "WARNING", "[dovecot] 203.0.113.8 already banned")))
		stop := s.start()
		s.toldAfter(muted)
		s.wants("Trouble with web1")
		if n := s.Mentions("fail2ban-client set loglevel INFO")["42"]; n != 1 {
			t.Errorf("what to set is said %d times, want once", n)
		}
		s.write(line("fail2ban.actions", "NOTICE", "[dovecot] Ban 2001:db8::7"))
		s.toldAfter(unmuted)
		time.Sleep(time.Hour)
		s.health(map[string]int{muted: 1, unmuted: 1})
		s.wants("All is well")
		stop()
	}, inUTC)
}

func TestT02NoBansWhereThereWereIsToldOnceAndTheirReturnOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which -short is for, the days take minutes; bot keeps the rule there")
	}
	t.Parallel()
	simulate(t, func(t *testing.T, s *simulation) {
		// Bans by day, none at night.
		for range 40 * 24 {
			if hour := time.Now().UTC().Hour(); hour >= 8 && hour < 20 {
				s.Append(harness.BanRow(time.Now().Add(time.Minute), harness.Foreign, "sshd", ""))
			}
			time.Sleep(time.Hour)
		}
		stop := s.start() // at midnight
		time.Sleep(19*time.Hour + 30*time.Minute)
		s.health(nil)
		s.wants("All is well")
		time.Sleep(5 * time.Hour)
		s.health(map[string]int{unusuallyQuiet: 1})
		s.wants("Trouble with web1")
		stop()
		time.Sleep(48 * time.Hour)
		stop = s.start()
		time.Sleep(time.Hour)
		s.health(map[string]int{unusuallyQuiet: 1})
		s.ban(1)
		s.toldAfter(bansAgain)
		stop()

		// While the bot is down, bans go on: it tells of nothing when it is back.
		for range 3 * 24 {
			s.Append(harness.BanRow(time.Now(), harness.Foreign, "sshd", ""))
			time.Sleep(time.Hour)
		}
		stop = s.start()
		time.Sleep(time.Hour)
		s.health(map[string]int{unusuallyQuiet: 1, bansAgain: 1})
		s.wants("All is well")
		stop()
	}, everyMinute)
}

// A log in UTC, whatever zone is configured for its server: every ban is alerted as it comes, and the zone is told
// once.
func TestT03WrongZonesDoNotSilence(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"America/New_York", "Asia/Kolkata", "Asia/Tokyo", "UTC"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			both := harness.OnLoopback(t)
			s := harness.NewChatScene(t, both, harness.Change{
				"timezone = \"Europe/Brussels\"",
				fmt.Sprintf("timezone = %q", zone),
			})
			log := func(at time.Time, address string) {
				s.Append(at.UTC().Format(time.DateTime) + ",001 fail2ban.actions [9]: NOTICE  [sshd] Ban " + address +
					"\n")
			}
			must(t, os.Remove(s.Bans))
			log(time.Now().Add(-48*time.Hour), harness.Foreign)
			p := s.Start()
			both.Await(t, "Read 1 ban", 1)
			for i := range 5 {
				log(time.Now(), harness.Friend(2*i))
				both.AwaitAlerts(t, 20*time.Second, harness.AllChats, []string{harness.Friend(2 * i)})
			}
			const another = "web1 is in another time zone"
			if zone != "UTC" {
				both.Await(t, another, 1)
			}
			p.Stop()
			if zone == "UTC" && !both.Exactly(another, 0) {
				t.Error("the right zone is taken for a wrong one")
			}
			harness.Reached(t, "5 of 5 bans alerted, and the zone told once where it is wrong")
		})
	}
}

// While the bot is down, the log is rotated and compressed: its bans are there at the next start.
func TestT05RotatedAndCompressedWhileDown(t *testing.T) {
	t.Parallel()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	s.Ban(harness.Friend(0))
	p := s.Start()
	both.AwaitAlerts(t, 20*time.Second, harness.AllChats, []string{harness.Friend(0)})
	p.Stop()

	s.Ban(harness.Friend(2))
	text, err := os.ReadFile(s.Bans)
	must(t, err)
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	must(t, err)
	_, err = w.Write(text)
	must(t, errors.Join(err, w.Close(), os.Remove(s.Bans)))
	s.Write(s.Bans+"-"+time.Now().Format("20060102")+".xz", packed.Bytes())
	s.Ban(harness.Friend(4))
	p = s.Start()
	both.AwaitAlerts(t, 20*time.Second, harness.AllChats, []string{harness.Friend(2), harness.Friend(4)})
	p.Stop()
	if _, repeated := both.LostAndRepeated(harness.AllChats, harness.Friends(5)); repeated > 0 {
		t.Errorf("%d alerts repeated", repeated)
	}
	harness.Reached(t, "a log rotated and compressed while down: 0 lost, 0 repeated")
}
