package bot

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

func TestCommandsAnswer(t *testing.T) {
	tests := map[string]struct {
		ask  string
		want string
	}{
		"report": {"/report", "3 bans of 2 addresses\nSat 1 Jan 2000 (CET)\n" +
			"Top: Belgium 2 (66.7%), China 1 (33.3%)\nFriendly (Belgium): 2 bans, 66.7%"},
		"report, any order": {
			"/report 7d JAIL",
			"3 bans of 2 addresses\n7 days to Sat 1 Jan 01:00 CET\nFriendly (Belgium): ",
		},
		"report, other words": {
			"/report 1w jails",
			"3 bans of 2 addresses\n7 days to Sat 1 Jan 01:00 CET\nFriendly (Belgium): ",
		},
		"report, nearly": {"/report sorce", "I do not know “sorce”. Did you mean source? I know country, "},
		"report, strict": {"report strict", "Bans that hit friends: sshd 2 of 3 (66.7%)"},
		"report, mistyped": {
			"/report monthly",
			"I do not know “monthly”. I know country, map, network, jail, friends, users, week, source, day, hour, strict, banned, and 24h, 7d, 30d, all.",
		},
		"friends": {"/friends", "2 friendly bans of 3 (66.7%)\n7 days to Sat 1 Jan 01:00 CET\n" +
			"Sat 1 Jan 01:00  🇧🇪 BE 198.51.100.7  sshd on web1\nSat 1 Jan 00:59  🇧🇪 BE 198.51.100.7  sshd on web1"},
		"friends, mistyped": {"/friends jail", "I do not know “jail”. I know 24h, 7d, 30d, all."},
		"ip": {
			"/ip 198.51.100.7", "🇧🇪 Belgium 198.51.100.7, friendly\n" +
				"Banned twice\n" +
				"Sat 1 Jan 01:00  sshd on web1\nSat 1 Jan 00:59  sshd on web1\n" + unbanned("198.51.100.7"),
		},
		"ip, mapped":   {"/ip ::ffff:198.51.100.7", "🇧🇪 Belgium 198.51.100.7, friendly"},
		"ip, unknown":  {"/ip 192.0.2.1", "192.0.2.1 was never banned here."},
		"ip, nothing":  {"/ip", "Which address? Like this: /ip 203.0.113.7"},
		"ip, nonsense": {"/ip <b>\u202e", "“<b>” is no address."},
		"status": {"/status", "All is well. Running since 01:00\nweb1: last ban 01:00 (just now), 3 bans\n" +
			"paper 1: nothing sent yet\nwhois: off\ndatabase: "},
		"help": {"/help", "/report: bans as a chart. Add what to count by (country, map, network, jail, friends, users, week, source, day, " +
			"hour, strict, banned) and how far back (24h, 7d, 30d, all)"},
		"ip, and more": {"/ip 198.51.100.7 7d", "“7d” is too much: I tell all bans of 198.51.100.7"},
		"nearly":       {"/statsu", "I do not know that command. Did you mean /status?\n\nI tell you when "},
		"unknown":      {"/dance", "I do not know that command."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.ban("198.51.100.7", "BE")
				d.ban("198.51.100.7", "BE", ago(time.Minute))
				d.ban("198.51.100.8", "CN", ago(time.Minute))
				m := d.commands.Answer(t.Context(), msg.Request{Text: tc.ask})
				if got := m.Text.String(); !strings.HasPrefix(got, tc.want) && !strings.Contains(got, tc.want) {
					t.Errorf("got\n%s\nwant\n%s", got, tc.want)
				}
				drawn := strings.HasPrefix(name, "report") && name != "report, mistyped" && name != "report, nearly" ||
					name == "ip" || name == "ip, mapped"
				if (m.Photo != nil) != drawn {
					t.Errorf("photo of %d bytes", len(m.Photo))
				}
			})
		})
	}
}

func TestReportInTextHasLettersInPlaceOfThePicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		drawn := d.commands.Answer(t.Context(), msg.Request{Text: "/report jail"})
		m := d.commands.Answer(t.Context(), msg.Request{Text: "/report text jail"})
		last := m.Text[len(m.Text)-1]
		if m.Photo != nil || m.Fallback != "" || drawn.Photo == nil || last.Style != msg.Pre || last.Text != drawn.Fallback {
			t.Errorf("photo of %d bytes, and %+v in place of %q", len(m.Photo), last, drawn.Fallback)
		}
		if again := d.commands.Answer(t.Context(), msg.Request{Text: "/report jail"}); again.Photo == nil {
			t.Error("the picture is lost to others")
		}
	})
}

func TestReportOfNothingSaysSo(t *testing.T) {
	d := newDesk(t)
	for _, kind := range Kinds() {
		for _, period := range Periods() {
			want := "No bans\n"
			switch {
			case period == "all":
				want = "No bans yet"
			case kind == "banned":
				want = "Nobody is banned now\n"
			}
			m := d.commands.Answer(t.Context(), msg.Request{Text: "/report " + kind + " " + period})
			if got := m.Text.String(); !strings.HasPrefix(got, want) || m.Photo != nil {
				t.Errorf("%s %s: %q with %d bytes of picture, want no bans and none", kind, period, got, len(m.Photo))
			}
		}
	}
}

func TestS04FloodOfReportsIsDrawnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE")
		d.ban("198.51.100.8", "CN")
		first := d.commands.Answer(t.Context(), msg.Request{Text: "/report"})
		for range 999 {
			if m := d.commands.Answer(t.Context(), msg.Request{Text: "/report"}); &m.Photo[0] != &first.Photo[0] {
				t.Fatal("drawn again within ten seconds")
			}
		}
		time.Sleep(10 * time.Second)
		if m := d.commands.Answer(t.Context(), msg.Request{Text: "/report"}); &m.Photo[0] == &first.Photo[0] {
			t.Error("an old picture after ten seconds")
		}
	})
}

func TestS03OnlyAListedUserInAListedChatIsHeard(t *testing.T) {
	db := newDesk(t).store
	for listed, now := range map[string]string{"-300": "-1003", "-400": "-1004"} { // the second is not listed any more
		if err := db.Move(t.Context(), store.Chat{Platform: "telegram", ID: listed}, now); err != nil {
			t.Fatal(err)
		}
	}
	a := &Access{
		Store: db,
		Chats: map[string][]string{"telegram": {"-100", "-200/7", "-300"}, "discord": {"1"}},
		Users: map[string][]string{"telegram": {"123"}},
		Log:   slog.New(slog.DiscardHandler),
	}
	tests := map[string]struct {
		r    msg.Request
		want bool
	}{
		"listed both":        {msg.Request{Platform: "telegram", Chat: "-100", User: "123"}, true},
		"topic":              {msg.Request{Platform: "telegram", Chat: "-200/9", User: "123"}, true},
		"moved":              {msg.Request{Platform: "telegram", Chat: "-1003", User: "123"}, true},
		"topic of the moved": {msg.Request{Platform: "telegram", Chat: "-1003/2", User: "123"}, true},
		"stranger in moved":  {msg.Request{Platform: "telegram", Chat: "-1003", User: "12"}, false},
		"moved, not listed":  {msg.Request{Platform: "telegram", Chat: "-1004", User: "123"}, false},
		"moved elsewhere":    {msg.Request{Platform: "discord", Chat: "-1003", User: "123"}, false},
		"stranger in chat":   {msg.Request{Platform: "telegram", Chat: "-100", User: "12"}, false},
		"longer id":          {msg.Request{Platform: "telegram", Chat: "-100", User: "1234"}, false},
		"listed user, other": {msg.Request{Platform: "telegram", Chat: "123", User: "123"}, false},
		"no users listed":    {msg.Request{Platform: "discord", Chat: "1", User: "123"}, false},
		"other platform":     {msg.Request{Platform: "discord", Chat: "-100", User: "123"}, false},
		"nobody":             {msg.Request{Platform: "telegram", Chat: "-100"}, false},
		"nothing":            {msg.Request{}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := a.Allowed(tc.r); got != tc.want {
				t.Errorf("allowed %v, want %v", got, tc.want)
			}
		})
	}
}

func TestSuggestionsBeginWithWhatIsTypedFriendsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.ban("198.51.100.7", "BE", ago(time.Hour))
		d.ban("198.51.100.8", "CN")
		d.ban("203.0.113.9", "CN")
		d.ban("evil.example.com", "-")
		for typed, want := range map[string][]string{
			"/ip":            {"198.51.100.7", "203.0.113.9", "198.51.100.8"},
			"/ip 198.":       {"198.51.100.7", "198.51.100.8"},
			"/ip 2001:db8::": nil,
			"/ip evil":       nil,
		} {
			if got := d.commands.Suggest(t.Context(), msg.Request{Text: typed}); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", typed, got, want)
			}
		}
		d.commands.Reporter.Words.Mask = true
		if got := d.commands.Suggest(t.Context(), msg.Request{Text: "/ip"}); got != nil {
			t.Errorf("%q although addresses are masked", got)
		}
	})
}

func TestStatusSaysWhatIsWrongWithBadLines(t *testing.T) {
	d := newDesk(t)
	_, err := d.store.AddBans(t.Context(), store.Batch{
		Source: "web1", Cursor: store.Cursor{Offset: 9, Size: 9, Line: 9}, Lines: 9, ReadAt: time.Now(),
		Rejects: []store.Reject{
			{Line: 3, Reason: "no address"},
			{Line: 5, Reason: "too many fields"},
			{Line: 8, Reason: "no address"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "3 bad lines (2 × no address, 1 × too many fields, latest in line 8)"
	if got := d.commands.Answer(t.Context(), msg.Request{Text: "/status"}).Text.String(); !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

func TestButtonsFitEveryPlatform(t *testing.T) {
	for _, by := range Kinds() {
		for _, since := range Periods() {
			asked := map[string]bool{"/report " + by + " " + since: true}
			rows := buttons(by, since)
			for _, row := range rows {
				if len(row) < 2 || len(row) > 5 {
					t.Errorf("%s %s: %d buttons in a row, want 2 to 5", by, since, len(row))
				}
				for _, b := range row {
					if asked[b.Command] || len(b.Command) > 64 {
						t.Errorf("%s %s: a button asks %q", by, since, b.Command)
					}
					asked[b.Command] = true
				}
			}
			want := len(Kinds()) + len(Periods()) - 1
			if by == "week" { // there is only the last one
				want = len(Kinds())
			}
			if len(rows) > 5 || len(asked) != want {
				t.Errorf("%s %s: %d rows, %s, want %d", by, since, len(rows), fmt.Sprint(asked), want)
			}
		}
	}
}
