package discord_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/bottest/official"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

// TestS03RandomFramesExecuteNothing feeds interactions, events and other frames of all kinds that the official
// descriptions know, made up of ids and texts that come near to what is allowed.
func TestS03RandomFramesExecuteNothing(t *testing.T) {
	interactions, gateway := official.Need(t, "interaction"), official.Need(t, "gateway")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		s.Limit, s.GlobalLimit = 1000, 1000
		c := newClient(t, s)
		log := captureLog(t, c)
		var executed atomic.Int32 // or would have been, were its token a real one
		allow := c.Allowed
		c.Allowed = func(r msg.Request) bool {
			ok := allow(r)
			if ok {
				executed.Add(1)
			}
			return ok
		}
		random := official.Random{
			Rand: rand.New(rand.NewPCG(seed, 0)),
			Strings: []string{
				discordtest.Guild, discordtest.Channel, discordtest.User, discordtest.Stranger, discordtest.AppID, "report",
				"ip", "/report", "/report country 7d", "", "a/../b?c#d", "\x00\u202e", strings.Repeat("x", 5000),
			},
			Numbers: []int64{0, 1, 2, 3, 4, 5, -1, 1 << 52, 41250},
			Named: map[string]string{
				"app_permissions": "8", "permissions": "8", "timestamp": "2026-11-22T08:15:00Z",
				"edited_timestamp": "2026-11-22T08:15:00Z", "joined_at": "2026-11-22T08:15:00Z",
			},
		}
		asked, seen := random, random
		asked.Description, seen.Description = interactions, gateway
		bottest.Listen(t, c)
		s.AwaitListening(t)
		allowed, frames := 0, 1200
		for i := range frames {
			if i%2 == 0 {
				interaction := asked.Value("/definitions/Interaction").(map[string]any)
				aim(random.Rand, interaction)
				if mayCommand(interaction) {
					allowed++
				}
				s.Dispatch("INTERACTION_CREATE", interaction)
			} else {
				frame := seen.Value("/definitions/GatewayReceivePayload").(map[string]any)
				op, _ := frame["op"].(float64)
				if kind, _ := frame["t"].(string); op == 0 && kind != "READY" && kind != "" {
					if kind == "INTERACTION_CREATE" && mayCommand(frame["d"]) {
						allowed++
					}
					s.Dispatch(kind, frame["d"])
				} else if op != 0 && i%50 == 1 { // most of these end the connection
					s.Feed(int(op), frame["d"])
				}
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(time.Hour)
		if n := int(executed.Load()); n > allowed {
			t.Errorf("%d commands executed, %d allowed", n, allowed)
		}
		before := executed.Load()
		if _, err := answer(t, s.Slash(discordtest.Admin, "report")); err != nil || executed.Load() != before+1 {
			t.Errorf("a command after them is not heard: %v", err)
		}
		if log.Count("panic") != 0 {
			t.Errorf("a panic:\n%s", log)
		}
		t.Attr("reached", fmt.Sprintf("%d random frames: %d allowed commands, %d executed", frames, allowed, before))
	})
}

// aim makes most of an interaction a command of the administrator, but for what else it has.
func aim(random *rand.Rand, interaction map[string]any) {
	usually := func(o map[string]any, name string, value any) {
		if random.IntN(5) > 0 {
			o[name] = value
		}
	}
	usually(interaction, "guild_id", discordtest.Guild)
	usually(interaction, "id", "500000000000000001")
	usually(interaction, "token", "aW50ZXJhY3Rpb24")
	if data, ok := interaction["data"].(map[string]any); ok && interaction["type"] == float64(2) {
		usually(data, "name", "report")
	}
	usually(interaction, "channel_id", discordtest.Channel)
	usually(interaction, "member", map[string]any{"user": map[string]any{
		"id": discordtest.User, "username": "a", "bot": random.IntN(9) == 0,
	}})
}

// mayCommand reports whether an interaction comes from the administrator in his channel, as far as its ids tell.
func mayCommand(interaction any) bool {
	i, _ := interaction.(map[string]any)
	member, _ := i["member"].(map[string]any)
	user, _ := member["user"].(map[string]any)
	if user == nil {
		user, _ = i["user"].(map[string]any)
	}
	return i["guild_id"] == discordtest.Guild && i["channel_id"] == discordtest.Channel && user["id"] == discordtest.User
}
