package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// An alert that could not be sent for hours says nothing of lifting a ban that is over by then.
func TestNobodyIsToldToLiftABanThatIsOver(t *testing.T) {
	for name, test := range map[string]struct {
		bans  int
		limit int
		mask  bool
		want  string // of the lines; "": none of lifting a ban
	}{
		"an alert":          {1, 2000, false, ""},
		"a masked alert":    {1, 2000, true, ""},
		"a storm":           {9, 2000, false, "unbanip 198.51.100.8"},
		"a masked storm":    {9, 2000, true, "on the server: "},
		"a storm, cut":      {60, 500, false, ""},
		"a storm, all over": {8, 2000, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.sender.limit, d.deliverer.Words.Mask, d.announcer.Words.Mask = test.limit, test.mask, test.mask
				d.sender.replies = []error{&msg.NotSentError{Reason: "kicked", After: 3 * time.Hour}}
				d.storm(test.bans, func(i int, b *store.Ban) {
					if i == 8 && test.bans == 9 {
						b.BanTime = 86_400
					}
				})
				d.step()
				time.Sleep(4 * time.Hour)
				d.step()
				text := d.sender.texts()[0]
				if got := strings.Contains(text, "fail2ban-client"); got != (test.want != "") || !strings.Contains(text, test.want) {
					t.Errorf("want %q of lifting bans in\n%s", test.want, text)
				}
				told := 0
				for i := range test.bans {
					if strings.Contains(text+" ", fmt.Sprintf("198.51.100.%d ", i)) || strings.Contains(text, fmt.Sprintf("198.51.100.%d\n", i)) {
						told++
					}
				}
				if !test.mask && told < min(test.bans, 9) {
					t.Errorf("%d of %d addresses in\n%s", told, test.bans, text)
				}
			})
		})
	}
}

// Where the registries are not asked, nobody waits for their answer.
func TestADigestPromisesNoAnswerOfWhoisThatIsOff(t *testing.T) {
	for whois, want := range map[bool]string{true: "\nCountry unknown: 1 address; asked again later\n", false: "\nCountry unknown: 1 address\n"} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			d.health.Whois = whois
			untilDigest()
			d.ban("192.0.2.1", "")
			d.ban("192.0.2.2", "CN")
			time.Sleep(24 * time.Hour)
			bodies, err := d.digester.Compose(t.Context(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := bodies[0].Text.String(); !strings.Contains(got, want) {
				t.Errorf("whois %v: no %q in\n%s", whois, want, got)
			}
		})
	}
}

// The mean of an hour of the week counts a part of an hour as that part.
func TestMeansCountUnfinishedHoursAsParts(t *testing.T) {
	at := func(hours float64) time.Time {
		return time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC).Add(time.Duration(hours * float64(time.Hour)))
	}
	bin := func(key string, from, to float64) store.Bin {
		return store.Bin{Key: key, Window: store.Window{From: at(from), To: at(to)}}
	}
	h := hourCounts{
		bins:   []store.Bin{bin("a", 10.5, 11), bin("b", 7*24+10, 7*24+11), bin("c", 14*24+10, 14*24+10.5)},
		counts: map[string]store.Count{"a": {Bans: 5}, "b": {Bans: 10}, "c": {Bans: 5}},
	}
	if got := h.ofWeek()[time.Monday][10].mean(); got != 10 {
		t.Errorf("20 bans in half an hour, an hour and half an hour are %v an hour, want 10", got)
	}
}
