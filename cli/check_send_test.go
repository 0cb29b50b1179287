package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot/telegram/telegramtest"
)

// A platform that asks to wait shortly is waited for, and the person is told; one that asks for more than half a minute
// is not.
func TestCheckSendWaitsAsLongAsAPlatformAsks(t *testing.T) {
	for name, test := range map[string]struct {
		faults []time.Duration // in which the first messages may be sent again
		took   time.Duration   // at least
		code   int
		says   string
	}{
		"at once":         {nil, 0, exitDone, "a test alert and a test picture are there"},
		"in 20 s":         {[]time.Duration{20 * time.Second}, 20 * time.Second, exitDone, "takes the next message in 20s\n"},
		"twice":           {[]time.Duration{14 * time.Second, 15 * time.Second}, 29 * time.Second, exitDone, "takes the next message in 15s\n"},
		"in a minute":     {[]time.Duration{time.Minute}, 0, exitFailed, "it takes no message for 1m: too much was posted before\n"},
		"again and again": {slices.Repeat([]time.Duration{9 * time.Second}, 9), 27 * time.Second, exitFailed, "it takes no message for 9s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both := harness.InMemory(t)
				s := harness.NewChatScene(t, both)
				s.Reconfigure("chats = [-1001, 42]", "chats = [42]")
				for _, wait := range test.faults {
					both.Telegram.Fail("sendMessage", telegramtest.RetryAfter(wait))
				}
				var out bytes.Buffer
				env := app.Env{File: s.Config, In: strings.NewReader(""), Out: &out, Err: &out, Dial: both.Dial}
				begun := time.Now()
				code := Run(t.Context(), []string{"--config", s.Config, "check", "--send"}, env)
				took := time.Since(begun)
				if code != test.code || !strings.Contains(out.String(), test.says) || took < test.took || took > 45*time.Second {
					t.Errorf("code %d after %v: %s", code, took, out.String())
				}
				if both.Telegram.Early() > 0 {
					t.Errorf("%d requests too early", both.Telegram.Early())
				}
			})
		})
	}
}
