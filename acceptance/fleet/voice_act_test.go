//go:build linux

package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/stream/streamtest"
)

// Who speaks acts, once; and when he is gone, the other one knows what was done and who is trusted, and can undo it.
func TestF02WhatWasDoneIsKnownToTheOneThatGoesOn(t *testing.T) {
	t.Parallel()
	cluster := streamtest.Start(t, 1, nil)
	client, calls := harness.Recorder(t, harness.OneBan)
	helper := harness.NewHelper(t, client, nil)
	p := harness.OnLoopback(t)
	var bots []*harness.Scene
	for _, name := range []string{"bot-a", "bot-b"} {
		changes := harness.Change{"[digest]\n", fmt.Sprintf("[act]\nsocket = %q\n[fleet]\nnats = %q\nname = %q\n[digest]\n",
			helper.Socket, cluster.URLs, name)}
		if len(bots) > 0 {
			changes = append(changes, `path = "$DIR/bans.csv"`, fmt.Sprintf("path = %q", bots[0].Bans))
		}
		bots = append(bots, harness.NewChatScene(t, p, changes))
	}
	const admin, chat, banned = 7, 42, "203.0.113.7"
	// button waits for a message with that text and a button that begins so, and presses it.
	button := func(text, data string) {
		t.Helper()
		pressed := false
		harness.Await(t, time.Minute, "the button "+data, func() bool {
			for _, m := range slices.Backward(p.Telegram.Messages()) {
				for _, b := range slices.Concat(m.Keyboard...) {
					if m.Chat == chat && strings.Contains(m.Text, text) && !pressed && strings.HasPrefix(b.Data, data) {
						pressed = true
						p.Telegram.PressUnder(m, admin, b.Data)
					}
				}
			}
			return pressed
		})
	}
	said := func(text string) {
		t.Helper()
		harness.Await(t, time.Minute, text, func() bool {
			return slices.ContainsFunc(p.Posts(), func(m harness.Post) bool { return strings.Contains(m.Text, text) })
		})
	}
	a := bots[0].Start()
	bots[0].Ban(banned)
	harness.Await(t, time.Minute, "an alert", func() bool { return p.InEveryChat(banned) })
	b := bots[1].Start()
	harness.Await(t, time.Minute, "the other one knows who speaks", func() bool {
		return strings.Contains(b.Text(), "another bot speaks")
	})
	button(banned, "/mark person")
	said("A person, says ")
	button(banned, "/ask trust")
	button("Trust "+banned, "/yes ")
	said("Trusted for 30 days")
	a.Stop()
	p.Telegram.Say(chat, 0, admin, "/trusted")
	said(banned + " on web1 until ")
	p.Telegram.Say(chat, 0, admin, "/report strict")
	said("sshd: 0 attackers, 1 person")
	p.Telegram.Say(chat, 0, admin, "/untrust "+banned)
	button("Trust no longer", "/yes ")
	said("Trust ended ")
	p.Telegram.Say(chat, 0, admin, "/trusted")
	said("Nobody is trusted")
	harness.Await(t, time.Minute, "every alert shows what was done", func() bool {
		return !slices.ContainsFunc(p.Posts(), func(m harness.Post) bool {
			return strings.Contains(m.Text, "banned "+banned) && !strings.Contains(m.Text, "Unbanned ")
		})
	})
	b.Stop()
	lifts := slices.DeleteFunc(calls(), func(call string) bool { return !strings.HasPrefix(call, "set|") })
	if want := []string{"set|sshd|unbanip|" + banned}; !slices.Equal(lifts, want) {
		t.Errorf("Fail2Ban was asked for %q, want %q", lifts, want)
	}
}
