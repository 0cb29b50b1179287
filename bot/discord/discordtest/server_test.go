package discordtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"friendlyfire/bot/discord/discordtest"
)

func TestMain(m *testing.M) {
	_ = os.Unsetenv("API_DESCRIPTIONS") // these tests make requests that do not conform
	goleak.VerifyTestMain(m)
}

const messages = "POST /channels/" + discordtest.Channel + "/messages"

// ask makes a request as a bot would, and returns the status, the headers and the body.
func ask(t *testing.T, s *discordtest.Server, what, body string) (int, http.Header, string) {
	t.Helper()
	method, path, _ := strings.Cut(what, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api/v9"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bot "+discordtest.Token)
	r.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	r.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Transport{DialContext: s.Dial, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(bytes.TrimSpace(got))
}

func TestMessagesAreChecked(t *testing.T) {
	button := func(label string) string {
		return `{"type":2,"style":2,"label":"` + label + `","custom_id":"a"}`
	}
	for name, tc := range map[string]struct {
		body     string
		want     int
		mentions int
	}{
		"good":    {`{"content":"a"}`, 200, 0},
		"empty":   {`{"content":" "}`, 400, 0},
		"2000":    {`{"content":"` + strings.Repeat("é", 2000) + `"}`, 200, 0},
		"2001":    {`{"content":"` + strings.Repeat("é", 2001) + `"}`, 400, 0},
		"embed":   {`{"embeds":[{"title":"` + strings.Repeat("a", 257) + `"}]}`, 400, 0},
		"nonce":   {`{"content":"a","nonce":"` + strings.Repeat("a", 26) + `"}`, 400, 0},
		"no JSON": {`{`, 400, 0},
		"same button twice": {
			`{"content":"a","components":[{"type":1,"components":[` + button("a") + "," + button("b") + `]}]}`, 400, 0,
		},
		"everyone":        {`{"content":"@everyone"}`, 200, 1},
		"null allows all": {`{"content":"@here","allowed_mentions":{"parse":null}}`, 200, 1},
		"a user":          {`{"content":"<@1>","allowed_mentions":{"parse":["users"]}}`, 200, 1},
		"nobody":          {`{"content":"@everyone <@1>","allowed_mentions":{"parse":[]}}`, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := discordtest.InMemory(t)
			if got, _, body := ask(t, s, messages, tc.body); got != tc.want {
				t.Errorf("%d %s, want %d", got, body, tc.want)
			}
			if n := s.Mentions(); n != tc.mentions {
				t.Errorf("%d mentions, want %d", n, tc.mentions)
			}
		})
	}
}

func TestLimitsAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		for n := range 7 {
			status, h, body := ask(t, s, messages, `{"content":"a"}`)
			if want := map[bool]int{true: 200, false: 429}[n < 5]; status != want || h.Get("X-RateLimit-Bucket") == "" {
				t.Errorf("request %d: %d %v %s, want %d", n+1, status, h, body, want)
			}
		}
		time.Sleep(2 * time.Second)
		status, h, _ := ask(t, s, messages, `{"content":"a"}`)
		if status != 200 || h.Get("X-RateLimit-Remaining") != "4" {
			t.Errorf("afterwards: %d %v", status, h)
		}
		refused := 0
		for n := range 60 { // on different routes, at the same time
			status, h, _ := ask(t, s, fmt.Sprintf("GET /channels/%d", n), "")
			if status == 429 && h.Get("X-RateLimit-Scope") == "global" {
				refused++
			}
		}
		if refused != 11 { // the last message was the first of the 50
			t.Errorf("%d refused, want 11", refused)
		}
	})
}

func TestNonceIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		ids := map[string]int{}
		const enforced = `{"content":"a","nonce":"n","enforce_nonce":true}`
		for _, body := range []string{enforced, enforced, `{"content":"a","nonce":"n"}`} {
			_, _, answer := ask(t, s, messages, body)
			var m struct{ ID string }
			if err := json.Unmarshal([]byte(answer), &m); err != nil {
				t.Fatal(err)
			}
			ids[m.ID]++
		}
		if len(ids) != 2 || len(s.Messages()) != 2 {
			t.Errorf("%v, %d messages, want two", ids, len(s.Messages()))
		}
	})
}

func TestInteractionsHaveDeadlines(t *testing.T) {
	const deferred = `{"type":5}`
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.InMemory(t)
		callback := func(i *discordtest.Interaction) int {
			status, _, _ := ask(t, s, "POST /interactions/"+i.ID+"/"+i.Token+"/callback", deferred)
			return status
		}
		edit := func(i *discordtest.Interaction) int {
			answer := "PATCH /webhooks/" + discordtest.AppID + "/" + i.Token + "/messages/@original"
			status, _, _ := ask(t, s, answer, `{"content":"a"}`)
			return status
		}
		late, good := s.Slash(discordtest.Admin, "report"), s.Slash(discordtest.Admin, "report")
		if got := edit(good); got != 404 {
			t.Errorf("edited before the callback: %d", got)
		}
		if got := callback(good); got != 204 {
			t.Errorf("callback: %d", got)
		}
		if got := callback(good); got != 400 {
			t.Errorf("second callback: %d", got)
		}
		time.Sleep(3*time.Second + time.Millisecond)
		if got := callback(late); got != 404 {
			t.Errorf("late callback: %d", got)
		}
		if got := edit(good); got != 200 {
			t.Errorf("edit: %d", got)
		}
		time.Sleep(15 * time.Minute)
		if got := edit(good); got != 401 || s.Invalid(time.Minute) != 2 {
			t.Errorf("late edit: %d, %d invalid", got, s.Invalid(time.Minute))
		}
	})
}

func TestStrangersAreRefused(t *testing.T) {
	s := discordtest.InMemory(t)
	for header, want := range map[string]int{"Authorization": 401, "User-Agent": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/v9/users/@me", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bot "+discordtest.Token)
		r.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
		r.Header.Set(header, "x")
		resp, err := (&http.Transport{DialContext: s.Dial, DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("without %s: %d, want %d", header, resp.StatusCode, want)
		}
	}
}
