package telegram_test

import (
	"testing"
	"time"

	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

// Every answer gives the time of another clock.
func TestR31AnswersTellTheTime(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *telegramtest.Server, c *telegram.Client) {
		var got time.Time
		c.Date = func(at time.Time) { got = at }
		time.Sleep(90 * time.Second)
		if _, err := c.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !got.Equal(time.Now()) {
			t.Errorf("told %v at %v", got, time.Now())
		}
	})
}
