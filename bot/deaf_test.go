package bot

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
)

func TestMessagesOfADeafPlatformProposeNoCommand(t *testing.T) {
	for said, want := range map[string]string{
		"Read 40 bans; 5 friendly. Alerts begin now. See /friends all.": "Read 40 bans; 5 friendly. Alerts begin now.",
		"a, 3 Jan. See /friends all":                                    "a, 3 Jan.",
		"a\n… and 14 earlier: /friends all":                             "a\n… and 14 earlier",
		"… and 3 more bans: /friends 24h lists them\nsudo x":            "… and 3 more bans\nsudo x",
		"given up. It is full. /status knows more.":                     "given up. It is full.",
		"/friends lists them.":                                          "",
		" See /friends all. More.":                                      " More.",
		"See /help; or type /tune sshd, and wait.\nEnd":                 "\nEnd",
		"the files /report.txt, /ip/status and a/status stay":           "the files /report.txt, /ip/status and a/status stay",
	} {
		if got := withoutCommands(plain(said)).String(); got != want {
			t.Errorf("%q becomes %q, want %q", said, got, want)
		}
	}
	foreign := msg.Text{{Text: "see /help", Style: msg.Code}}
	if got := withoutCommands(foreign).String(); got != "see /help" {
		t.Errorf("foreign text became %q", got)
	}
	golden, err := os.ReadFile("testdata/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	untidy := regexp.MustCompile(`\.\.|[:;,]\n*\z| \.|/(?:help|status|friends|report|tune|ip)(?: |$)`)
	said := strings.Contains(string(golden), "/friends")
	for message := range strings.SplitSeq(string(golden), "\n\n") {
		if got := withoutCommands(plain(message)).String(); got != message && untidy.MatchString(got) {
			t.Errorf("%q becomes %q", message, got)
		}
	}
	if !said {
		t.Error("no golden message proposes a command")
	}
}

func TestMessagesSayAsFactsWhatTheyAreAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.deliverer.Deaf, d.pictures.Deaf = true, true
		d.ban("198.51.100.9", "BE", ago(48*time.Hour))
		d.summarised()
		d.banned("jdupont")
		d.step()
		m := d.sender.sent[len(d.sender.sent)-1]
		if m.Kind != msg.Alert || len(m.Bans) != 1 {
			t.Fatalf("an alert is %q of %v", m.Kind, m.Bans)
		}
		b := m.Bans[0]
		want := msg.Ban{
			Address: "198.51.100.7", Jail: "sshd", Source: "web1", Time: b.Time, Duration: time.Hour, Country: "BE",
			Friend: "Belgium", Verdict: b.Verdict,
		}
		if b != want || b.Verdict == "" || time.Since(b.Time) > time.Hour {
			t.Errorf("the ban is %+v, want %+v", b, want)
		}
		if want := "sudo fail2ban-client set sshd unbanip 198.51.100.7"; m.Command != want {
			t.Errorf("the command is %q, want %q", m.Command, want)
		}
		d.sender.sent = nil
		d.storm(5)
		d.step()
		if m := d.sender.sent[0]; m.Kind != msg.Alert || len(m.Bans) != 5 || m.Command != "" {
			t.Errorf("a storm is %q of %d bans, command %q", m.Kind, len(m.Bans), m.Command)
		}
		d.failed("permission denied")
		time.Sleep(2 * time.Minute)
		d.look()
		if m := d.sender.sent[len(d.sender.sent)-1]; m.Kind != msg.Trouble || m.Silent || m.Bans != nil {
			t.Errorf("trouble is %q", m.Kind)
		}
		d.failed("")
		d.look()
		if m := d.sender.sent[len(d.sender.sent)-1]; m.Kind != msg.News {
			t.Errorf("its end is %q", m.Kind)
		}
		d.morning()
		if m := d.sender.sent[len(d.sender.sent)-1]; m.Kind != msg.Digest {
			t.Errorf("a digest is %q", m.Kind)
		}
	})
}

func TestReasonsOfAPlatformAreShownAsTheyAre(t *testing.T) {
	for _, err := range []error{
		&msg.NotSentError{Reason: "because the topic is reserved (403)"},
		&msg.RejectedError{Reason: "because the topic is reserved (403)"},
	} {
		if got := ReasonOf(err.Error()); got.Says != "the topic is reserved (403)" || !got.Known() {
			t.Errorf("%q is told as %q", err, got.Says)
		}
	}
}
