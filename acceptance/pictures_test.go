package acceptance

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// Every upload fails, while words pass. A ban every seven seconds follows the digest, whose chart cannot be uploaded.
func TestR29APictureHoldsBackNoWords(t *testing.T) {
	t.Parallel()
	const inTime, alertLimit = time.Minute, 5 * time.Second
	for name, faults := range map[string]struct {
		telegram telegramtest.Fault
		discord  discordtest.Fault
		uploads  int // of each chat
	}{
		"500":                {telegramtest.Refuse(500, "Internal"), discordtest.Refuse(500, 0, "Internal"), 2},
		"502 page":           {telegramtest.Page(502), discordtest.Page(502), 2},
		"cut":                {telegramtest.Cut(), discordtest.Cut(), 2},
		"hangs":              {telegramtest.Hang(), discordtest.Hang(), 2},
		"drips":              {telegramtest.Drip(), discordtest.Drip(), 2},
		"arrives, then cut":  {telegramtest.Drop(), discordtest.Drop(), 2},
		"a proxy's 403":      {telegramtest.Page(403), discordtest.Page(403), 2},
		"a proxy's redirect": {telegramtest.Redirect("http://192.0.2.1/"), discordtest.Redirect("http://192.0.2.1/"), 2},
		"413":                {telegramtest.Page(413), discordtest.Page(413), 1},
		"no uploads": {
			telegramtest.Refuse(400, "Bad Request: not enough rights to send photos to the chat"),
			discordtest.Refuse(403, 400001, "Uploads are limited"), 1,
		},
		"photos forbidden": {
			telegramtest.Refuse(403, "Forbidden: CHAT_SEND_PHOTOS_FORBIDDEN"),
			discordtest.Refuse(403, 50001, "Missing Access"), 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *simulation) {
				var mu sync.Mutex
				uploads := map[string]int{}
				upload := func(chat string) {
					mu.Lock()
					defer mu.Unlock()
					uploads[chat]++
				}
				s.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault {
					if q.Method != "sendPhoto" {
						return nil
					}
					upload(strconv.FormatInt(q.Chat, 10))
					return faults.telegram
				})
				s.Discord.Script(func(q discordtest.Request) discordtest.Fault {
					if q.Method != http.MethodPost || !strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/") {
						return nil
					}
					upload(discordtest.Channel)
					return faults.discord
				})
				began, slowest := s.tenAlertsBesideADigest()
				if lost, _ := s.LostAndRepeated(harness.AllChats, harness.Friends(10)); lost > 0 || slowest > alertLimit {
					t.Errorf("%d alerts lost, the slowest came after %v", lost, slowest)
				}
				late := lastToHear(s.Platforms, digest).Sub(began)
				if !s.InEveryChat(digest) || late > inTime {
					t.Errorf("the words of the digest: %v, the last after %v", s.Mentions(digest), late)
				}
				for _, chat := range harness.AllChats {
					if uploads[chat] != faults.uploads {
						t.Errorf("%d uploads to %s, want %d", uploads[chat], chat, faults.uploads)
					}
				}
				harness.Reached(t, "uploads fail: the slowest alert after %v, the digest in words after %v", slowest, late)
			}, everyMinute, harness.Change{`at = ""`, `at = "00:05"`, `"Europe/Brussels"`, `"Etc/GMT+1"`})
		})
	}
}

// lastToHear is when the last of the chats got its first message with that text.
func lastToHear(p harness.Platforms, text string) (last time.Time) {
	first := map[string]time.Time{}
	for _, m := range p.Posts() {
		if at, known := first[m.Chat]; strings.Contains(m.Text, text) && (!known || m.Time.Before(at)) {
			first[m.Chat] = m.Time
		}
	}
	for _, at := range first {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// tenAlertsBesideADigest runs the bot past midnight, when a digest with a picture is due, bans Friends(10) from then
// on, and returns when that was and how long the slowest alert took to the last chat.
func (s *simulation) tenAlertsBesideADigest() (began time.Time, slowest time.Duration) {
	time.Sleep(58 * time.Minute)
	stop := s.start() // it is 23:58
	s.Append(harness.BanRows(time.Now(), append(harness.Friends(1012)[1000:], harness.Foreign)))
	time.Sleep(7*time.Minute - time.Second)
	var told [10]time.Time
	for i := range told {
		told[i] = time.Now()
		s.ban(i)
		time.Sleep(7 * time.Second)
	}
	time.Sleep(2 * time.Minute)
	stop()
	for i, at := range told {
		slowest = max(slowest, lastToHear(s.Platforms, harness.Alert(harness.Friend(i))).Sub(at))
	}
	return told[0], slowest
}
