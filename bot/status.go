package bot

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// sourcesListed is how many sources get a line of their own.
const sourcesListed = 5

// status says in about ten lines whether all is well, what is not, and the numbers to judge by.
func (c *Commands) status(ctx context.Context) (msg.Message, error) {
	w, h, now := c.Reporter.Words, c.Health, time.Now()
	troubles, err := h.troubles(ctx, now)
	if err != nil {
		return msg.Message{}, err
	}
	t := msg.Text{{Text: greenMark}, {Text: "All is well", Style: msg.Bold}}
	var with []string
	for _, trouble := range troubles {
		if !slices.Contains(with, trouble.with) {
			with = append(with, trouble.with)
		}
	}
	if len(with) > 0 {
		t = msg.Text{{Text: redMark}, {Text: "Trouble with " + fewNames(with), Style: msg.Bold}}
	}
	t = append(t, msg.Run{Text: ". Running since " + w.moment(h.Started, now) + "\n"})

	sources, err := c.Store.Sources(ctx)
	if err != nil {
		return msg.Message{}, err
	}
	watched, states := slices.Clone(h.watched()), statusByName(sources)
	rank := func(w Watched) int { // those in trouble first
		if slices.Contains(with, w.Name) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(watched, func(a, b Watched) int { return cmp.Compare(rank(a), rank(b)) })
	unwell := slices.DeleteFunc(slices.Clone(watched), func(w Watched) bool { return rank(w) > 0 })
	fleet := len(watched) >= fleetFrom
	if fleet { // those that are well are counted
		t = append(t, headed(plural(len(watched), "server"), h.fleetHealth(watched, unwell, states, now)+"\n")...)
		watched = unwell
	}
	for _, source := range watched[:min(sourcesListed, len(watched))] {
		t = append(t, headed(source.Name, ": "+h.sourceLine(states.find(source.Name), now)+"\n")...)
	}
	if n := len(watched) - sourcesListed; n > 0 && !fleet {
		t = append(t, msg.Run{Text: "… and " + plural(n, "other source") + "; trouble with one is told of\n"})
	}
	logins, err := h.loginSources(ctx)
	if err != nil {
		return msg.Message{}, err
	}
	for _, s := range logins[:min(sourcesListed, len(logins))] {
		t = append(t, headed("logins of "+s.Name, ": "+h.loginLine(s, now)+"\n")...)
	}
	if n := len(logins) - sourcesListed; n > 0 {
		t = append(t, msg.Run{Text: "… and the logins of " + plural(n, "other server") + "; trouble with one is told of\n"})
	}
	for _, chat := range c.Chats {
		s, err := c.Store.ChatStatus(ctx, chat)
		if err != nil {
			return msg.Message{}, err
		}
		quiet, err := hushed(ctx, c.Store, store.Chat{Platform: chat.Platform, ID: s.Destination()}, now)
		if err != nil {
			return msg.Message{}, err
		}
		line := w.delivery(s, now)
		if !quiet.IsZero() {
			line += ", only alerts ring until " + w.moment(quiet, now)
		}
		t = append(t, headed(chat.String(), ": "+line+"\n")...)
	}
	t = append(append(t, h.hearingLines(now)...), w.voiceLine(voiceOr(h.Voice).Status(), now)...)
	whois, err := h.whoisLine(ctx, now)
	if err != nil {
		return msg.Message{}, err
	}
	t = append(t, headed("whois", ": "+whois+"\n")...)
	if d := h.Clock.Doubt(); d != nil {
		t = append(t, headed("clock", ": "+h.Words.doubt(d, h.Clock.Remote()).String()+"\n")...)
	}
	lately, err := h.lately(ctx, now)
	if err != nil {
		return msg.Message{}, err
	}
	for _, event := range lately {
		t = append(t, headed("lately", ": "+unmarked(event.String())+"\n")...)
	}
	disk, err := c.disk(ctx, now)
	return msg.Message{Text: append(t, headed("database", ": "+disk)...)}, err
}

// disk says how large the database is, and how much room is left.
func (c *Commands) disk(ctx context.Context, now time.Time) (string, error) {
	h := c.Health
	var free, used int64
	var err error
	if h.Free == nil {
		used, err = c.Store.Size(ctx)
		return Size(used), err
	}
	if free, used, err = h.space(ctx); err != nil {
		return "", err
	}
	line := Size(used) + ", " + Size(free) + " of its disk free"
	if since, last := h.full.period(); !last.IsZero() {
		line += ", writes found no room since " + h.Words.moment(since, now)
	}
	return line, nil
}

// sourceLine says how a source is doing.
func (h *Health) sourceLine(s store.SourceStatus, now time.Time) string {
	line := h.lastBan(s, now)
	if s.Bans == 0 {
		line += ", " + h.lastLine(s, now)
	}
	if s.Bans > 0 {
		line += ", " + plural(s.Bans, "ban")
	}
	if behind := s.Size - s.Offset; behind > 0 {
		left := Size(behind)
		if s.Stream {
			left = plural(behind, "message")
		}
		line += ", " + left + " to read"
	}
	if s.Rejects > 0 {
		line += ", " + plural(s.Rejects, "bad line") + h.Words.rejects(s)
	}
	if s.Gaps > 0 {
		lost := plural(s.Gaps, "file") + " lost unread"
		if s.Stream {
			lost = plural(s.Gaps, "gap")
		}
		line += ", " + lost + losses(s)
	}
	if !s.FailingSince.IsZero() {
		line += ", unreadable since " + h.Words.moment(s.FailingSince, now) + " (" + ReasonOf(s.Error).Says + ")"
	}
	return line
}

// losses says why files were lost.
func losses(s store.SourceStatus) string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.Losses)) {
		kinds = append(kinds, number(s.Losses[kind])+" × "+kind)
	}
	if len(kinds) == 0 {
		return ""
	}
	return " (" + strings.Join(kinds, ", ") + ")"
}

// rejects says what is wrong with bad lines, and where the latest is.
func (w Words) rejects(s store.SourceStatus) string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.Kinds)) {
		kinds = append(kinds, number(s.Kinds[kind])+" × "+kind)
	}
	if len(s.Sample) > 0 {
		kinds = append(kinds, "latest in line "+number(s.Sample[0].Line))
	}
	if len(kinds) == 0 {
		return ""
	}
	return " (" + strings.Join(kinds, ", ") + ")"
}

// delivery says how messages to a chat are doing.
func (w Words) delivery(s store.ChatStatus, now time.Time) string {
	parts := []string{"nothing sent yet"}
	if !s.SentAt.IsZero() {
		parts[0] = "last message " + w.moment(s.SentAt, now)
	}
	if s.Waiting > 0 {
		parts = append(parts, number(s.Waiting)+" waiting")
	}
	if s.Dead > 0 {
		parts = append(parts, number(s.Dead)+" given up")
	}
	if !s.FailingSince.IsZero() {
		parts = append(parts, "failing since "+w.moment(s.FailingSince, now)+" ("+ReasonOf(s.Error).Says+")")
	}
	return strings.Join(parts, ", ")
}
