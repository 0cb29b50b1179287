package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Health watches what should run by itself. It tells the chats once when something stops, and once when it runs again.
type Health struct {
	Store    *store.Store
	Chats    []store.Chat
	Words    Words
	Sources  []Watched
	Found    func() []Watched      // the sources that patterns have found so far; nil: there are no patterns
	Patterns func() []Pattern      // nil: there are none
	Logins   []string              // the files of logins, by name
	Whois    bool                  // the registries are asked
	Free     func() (int64, error) // free bytes on the database's disk; nil: nobody watches
	Hearing  []*msg.Hearing        // of the platforms where somebody may give commands
	Started  time.Time             // when the program was: what it has not had time to do is not missing yet
	Once     bool                  // the program ends when all has been read: no time need pass
	Clock    *store.Clock          // nil: it is never in doubt
	Voice    Voice                 // nil: nobody shares it
	Next     func()                // called when notices were posted
	Log      *slog.Logger          // nil: nothing is logged

	// FoundLogins are the files of logins that patterns have found so far; nil: there are no patterns.
	FoundLogins func() []string

	full     full
	clock    clock
	together gathering
	mu       sync.Mutex
	pauses   map[string]pauseMemo // by source

	relayHours map[string]relayMemo // by source

	streams map[string]time.Time // when a stream was last seen to be out of reach

	low bool // the disk, as OwnTroubles has found it

	lineStates map[string]lineState // by source
}

// Watched is a source that should not be silent for longer than SilentAfter; 0: it may be, for any time.
type Watched struct {
	Name        string
	SilentAfter time.Duration
	Stream      string // the source that brings what it has; "": it is read itself

	relays bool // its file is of several hosts, which are watched as well
}

// downAfter is how long a chat must be out of reach before the others are told.
const downAfter = time.Minute

// Step looks once. An error with one thing does not keep it from looking at the others.
func (h *Health) Step(ctx context.Context) error {
	now := time.Now()
	errs := []error{h.disk(ctx, now), h.jump(ctx, now.Round(0), now.Sub(h.Started)), h.table(ctx)}
	all, err := h.servers(ctx, now)
	if err != nil {
		return fmt.Errorf("health: %w", errors.Join(append(errs, err)...))
	}
	errs = append(errs, h.partners(ctx, now), h.sources(ctx, all, now), h.tellOfPatterns(ctx))
	for _, chat := range h.Chats {
		errs = append(errs, h.chat(ctx, chat, now), h.dead(ctx, chat, now))
	}
	if h.Whois {
		errs = append(errs, h.registries(ctx, now))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	return nil
}

func (h *Health) lastLine(s store.SourceStatus, now time.Time) string {
	if s.LastLineAt.IsZero() {
		return "no line read yet"
	}
	return "last line read " + h.Words.moment(s.LastLineAt, now)
}

func (h *Health) chat(ctx context.Context, chat store.Chat, now time.Time) error {
	status, err := h.Store.ChatStatus(ctx, chat)
	if err != nil {
		return err
	}
	var others []store.Chat
	for _, c := range h.Chats {
		if c != chat {
			others = append(others, c)
		}
	}
	down := !status.FailingSince.IsZero() && now.Sub(status.FailingSince) > downAfter ||
		status.BlockedUntil.Sub(now) > downAfter
	key := "chat/" + chat.Platform + "/" + chat.ID
	delivered := ""
	if !down {
		if delivered, err = h.delivered(ctx, key, status); err != nil {
			return err
		}
	}
	return h.tellSince(ctx, key, status.FailingSince, down, others, h.unreached(status, now),
		headed(chat.String()+" gets my messages again", delivered))
}

// delivered is, on a line of its own, "3 messages delivered, none lost", of a chat that gets its messages again; "" if
// nothing was wrong.
func (h *Health) delivered(ctx context.Context, key string, s store.ChatStatus) (string, error) {
	kept, err := h.Store.Value(ctx, "health/"+key)
	began, ok := beganAt(kept)
	if err != nil || !ok {
		return "", err
	}
	sent, dead, err := h.Store.Outcomes(ctx, s.Chat, began)
	var parts []string
	if sent > 0 {
		parts = append(parts, plural(sent, "message")+" delivered")
	}
	if s.Waiting > 0 {
		parts = append(parts, plural(s.Waiting, "message")+" on the way")
	}
	switch {
	case dead > 0:
		parts = append(parts, number(dead)+" given up")
	case parts != nil:
		parts = append(parts, "none lost")
	default:
		return "", err
	}
	return "\n" + strings.Join(parts, ", "), err
}

// beganAt is when trouble began, as its state in the store says.
func beganAt(kept string) (time.Time, bool) {
	began, err := time.Parse(time.RFC3339, kept[strings.LastIndexByte(kept, ' ')+1:])
	return began, err == nil
}

// unreached says why a chat does not get the messages, how many wait, and until when.
func (h *Health) unreached(s store.ChatStatus, now time.Time) msg.Text {
	reason := chatReason(s)
	t := headed(s.Chat.String()+" "+cmp.Or(reason.Does, "does not get my messages"), "")
	if reason.Does == "" {
		t = append(t, msg.Run{Text: ": " + reason.Says})
	}
	if s.Waiting > 0 {
		verb := " waits"
		if s.Waiting > 1 {
			verb = " wait"
		}
		t = append(t, msg.Run{Text: "\n" + plural(s.Waiting, "message") + verb + ", for 7 days at most"})
	}
	if s.BlockedUntil.After(now) {
		t = append(t, msg.Run{Text: "; next try " + h.Words.moment(s.BlockedUntil, now)})
	}
	return lines(t, reason.help())
}

// Post tells every chat of trouble that happened at a moment rather than lasts. It does so once for each key, such as
// "damage/2026-11-22".
func (h *Health) Post(ctx context.Context, key string, text msg.Text) error {
	posted, err := h.Store.Post(ctx, notices(h.Chats, "health/"+key, Body{Text: text}, time.Now())...)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	if posted > 0 {
		h.Next()
	}
	return nil
}

// tell posts begun when something begins to be wrong, and over when it is right again; nothing as long as it stays as
// it was. Red and green tell them apart at a glance, and over says how long it was.
func (h *Health) tell(ctx context.Context, what string, wrong bool, chats []store.Chat, begun, over msg.Text) error {
	return h.tellSince(ctx, what, time.Time{}, wrong, chats, begun, over)
}

// tellSince is tell, of something that was wrong from began on; zero: from now on.
func (h *Health) tellSince(
	ctx context.Context, what string, began time.Time, wrong bool, chats []store.Chat, begun, over msg.Text,
) error {
	key := "health/" + what
	kept, err := h.Store.Value(ctx, key)
	if err != nil || wrong == (kept != "") {
		return err
	}
	now := time.Now()
	state := stamp(now)
	if !began.IsZero() && began.Before(now) {
		state += " " + stamp(began)
	}
	text := red(begun)
	// The notice's key contains the moment at which the trouble was told.
	at, _, _ := strings.Cut(state, " ")
	if !wrong {
		told, _, _ := strings.Cut(kept, " ")
		long := lasted(kept, now)
		if what == clockDoubt { // nothing was measured by a clock that was wrong
			long = 0
		}
		at, state, text = told+"/over", "", green(over, long)
	}
	all := notices(chats, key+"/"+at, Body{Text: text, Silent: !wrong}, now)
	if !isOwn(what) {
		setting(all, store.Values{key: state})
	}
	posted, err := h.Store.PostAndSet(ctx, key, state, all...)
	if err == nil && posted > 0 {
		h.Next()
	}
	return err
}
