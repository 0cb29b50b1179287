package discord_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/discord"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

const code = "123456"

// pair waits for the code, ten minutes at most. It returns its attempt, all attempts, and the error.
func pair(
	t *testing.T, c *discord.Client, ready func(msg.Self),
) (found msg.PairAttempt, heard []msg.PairAttempt, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	found, err = c.Pair(ctx, ready, func(a msg.PairAttempt) bool {
		heard = append(heard, a)
		return a.Code == code && a.Unfit == ""
	})
	return found, heard, err
}

func TestPairHearsAMentionWithoutPrivilegedIntents(t *testing.T) {
	for name, text := range map[string]string{
		"code last":   discordtest.Mention + " " + code,
		"code first":  code + " " + discordtest.Mention,
		"in halves":   discordtest.Mention + " 123 456",
		"in old form": strings.Replace(discordtest.Mention, "@", "@!", 1) + discordtest.Mention + code,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				found, _, err := pair(t, c, func(self msg.Self) {
					if want := (msg.Self{Name: discordtest.BotName, App: discordtest.AppID}); self != want {
						t.Errorf("ready as %+v, want %+v", self, want)
					}
					s.Say(discordtest.Admin, text)
				})
				want := msg.PairAttempt{
					Code: code, User: discordtest.User, UserName: "Some Body @somebody",
					Chat: discordtest.Channel, ChatName: "#alerts of Example", Guild: discordtest.Guild,
				}
				if diff := cmp.Diff(want, found); diff != "" || err != nil {
					t.Errorf("%v %s", err, diff)
				}
				if n := len(s.Requests("POST /*/*")) + len(s.Messages()); n != 0 {
					t.Errorf("%d answers", n)
				}
			})
		})
	}
}

func TestPairIgnoresWhatIsNoCodeAndAnswersNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		s.Leave()
		c := newClient(t, s)
		stranger := discordtest.Ask{Guild: discordtest.Guild, Channel: discordtest.Channel, User: discordtest.Stranger}
		alone := discordtest.Ask{Channel: "300000000000000009", User: discordtest.User}
		machine := stranger
		machine.Bot = true
		_, heard, err := pair(t, c, func(self msg.Self) {
			if !self.Alone {
				t.Error("a bot in no server is not told from others")
			}
			s.Say(stranger, code) // without a mention there is no text
			s.Say(stranger, discordtest.Mention+" hello")
			s.Say(stranger, discordtest.Mention+" 1234567")
			s.Say(machine, discordtest.Mention+" "+code)
			s.Slash(stranger, "report")
			s.Say(stranger, discordtest.Mention+" 999999")
			s.Say(alone, code)
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		var got []string
		for _, a := range heard {
			got = append(got, a.Code)
		}
		if diff := cmp.Diff([]string{"999999", code}, got); diff != "" {
			t.Error(diff)
		}
		if len(heard) == 2 && !strings.Contains(heard[1].Unfit, "direct message") {
			t.Errorf("a direct message is fit: %+v", heard[1])
		}
		for _, q := range s.Requests("") {
			if q.Method != http.MethodGet {
				t.Errorf("somebody was answered: %s %s", q.Method, q.Path)
			}
		}
	})
}

func TestR08PairingIsCountedAndLeavesTheSessionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		c := newClient(t, s)
		stop := bottest.Listen(t, c)
		s.AwaitListening(t)
		synctest.Wait()
		stop()
		session, err := c.Store.Value(t.Context(), "discord/session")
		if err != nil || session == "" {
			t.Fatal(session, err)
		}
		_, _, err = pair(t, c, func(msg.Self) { s.Say(discordtest.Admin, discordtest.Mention+" "+code) })
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := c.Store.Value(t.Context(), "discord/session"); kept != session || err != nil {
			t.Errorf("the bot's session is now %q, was %q (%v)", kept, session, err)
		}
		var spent []int64
		text, err := c.Store.Value(t.Context(), "discord/identifies")
		if err != nil || json.Unmarshal([]byte(text), &spent) != nil || len(spent) != 2 || len(s.Identifies()) != 2 {
			t.Errorf("counted %s (%v), %d identifies, want 2", text, err, len(s.Identifies()))
		}
		bottest.Listen(t, c)
		s.Await(t, time.Minute, func() bool { return len(s.Resumes()) == 1 })
		if n := len(s.Identifies()); n != 2 {
			t.Errorf("%d identifies, want the session resumed", n)
		}
	})
}

func TestR08PairingKeepsToTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		s.ScriptGateway(func() discordtest.Connection {
			return discordtest.Connection{DropReady: true, ForgetsAll: true}
		})
		c := newClient(t, s)
		var err error
		for range 50 {
			if _, _, err = pair(t, c, func(msg.Self) {}); err == nil {
				t.Fatal("found without a code")
			}
		}
		if n := len(s.Identifies()); n > 100 || n < 50 || !strings.Contains(err.Error(), "enough") {
			t.Errorf("%d identifies, then %v", n, err)
		}
		t.Attr("reached", fmt.Sprintf("%d identifies by 50 pairings on connections that break", len(s.Identifies())))
	})
}

func TestPairOutlastsTroubleButNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		dials := 0
		s.ScriptGateway(func() discordtest.Connection {
			dials++
			return discordtest.Connection{DropReady: dials == 1, Silent: dials == 2}
		})
		c := newClient(t, s)
		time.AfterFunc(5*time.Minute, func() { s.Say(discordtest.Admin, discordtest.Mention+" "+code) })
		ready := 0
		found, _, err := pair(t, c, func(msg.Self) { ready++ })
		if err != nil || found.User != discordtest.User || ready != 1 || len(s.Identifies()) != 1 {
			t.Errorf("found %+v, %v; ready %d times, %d identifies", found, err, ready, len(s.Identifies()))
		}

		s.ScriptGateway(func() discordtest.Connection { return discordtest.Connection{Close: 4004} })
		_, _, err = pair(t, c, func(msg.Self) {})
		if _, ok := errors.AsType[*discord.FatalError](err); !ok {
			t.Errorf("Pair = %v", err)
		}
		s.Fail("GET /users/@me", 1, discordtest.Echo(401))
		_, _, err = pair(t, c, func(msg.Self) { t.Error("ready without a bot") })
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("Pair = %v", err)
		}
	})
}
