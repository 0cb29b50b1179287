package bot

import (
	"context"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// room is what must be free on the database's disk, at least: a copy of the database beside it, and more bytes than
// a day's log.
func room(size int64) int64 { return max(2*size, 100_000_000) }

// calm is how long nothing must have failed for want of room before the disk counts as mended. A full disk takes
// small writes while it refuses large ones, and every stage has tried again by then.
const calm = 2 * time.Minute

// full is what is known of writes that found no room. It is not in the database, which has none.
type full struct {
	mu          sync.Mutex
	since, last time.Time // zero: none
}

func (f *full) seen(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last = now; f.since.IsZero() {
		f.since = now
	}
}

func (f *full) period() (since, last time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.since, f.last
}

func (f *full) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since, f.last = time.Time{}, time.Time{}
}

// Watch returns a step that does the same, and from whose error the Health learns of a full disk.
func (h *Health) Watch(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := step(ctx)
		if store.Full(err) {
			h.full.seen(time.Now())
		}
		return err
	}
}

// disk tells of a disk that is full, or is going to be.
func (h *Health) disk(ctx context.Context, now time.Time) error {
	if err := h.fullDisk(ctx, now); err != nil || h.Free == nil {
		return err
	}
	free, held, err := h.space(ctx)
	if err != nil {
		return err
	}
	told, err := h.Store.Value(ctx, "health/disk")
	if err != nil {
		return err
	}
	enough := room(held)
	if told != "" {
		enough += enough / 5 // so that it does not waver
	}
	return h.tell(ctx, "disk", free < enough, h.Chats,
		msg.Text{{Text: "The disk is nearly full", Style: msg.Bold}, {Text: ": " + Size(free) + " free, and the database has " + Size(held) +
			". On a full disk I cannot keep what is new."}},
		msg.Text{{Text: "The disk has room again", Style: msg.Bold}, {Text: ": " + Size(free) + " free"}})
}

// space is how many bytes the disk has free, and how many the database holds.
func (h *Health) space(ctx context.Context) (free, held int64, err error) {
	if held, err = h.Store.Size(ctx); err != nil {
		return 0, 0, err
	}
	free, err = h.Free()
	return free, held, err
}

// fullDisk tells of writes that find no room: at once where there is still room for that, else when there is again.
func (h *Health) fullDisk(ctx context.Context, now time.Time) error {
	told, err := h.Store.Value(ctx, "health/full")
	if err != nil {
		return err
	}
	since, last := h.full.period()
	// This may be said while it is full, or first thing when it is not: it must be true of both.
	begun := msg.Text{{Text: "The disk was found full", Style: msg.Bold}, {Text: " at " + h.Words.moment(since, now) +
		". Until there is room I keep nothing new: it waits in its files, and so do alerts."}}
	over := msg.Text{{Text: "The disk is not full any more", Style: msg.Bold}, {Text: ": what waited is read now"}}
	switch {
	case !last.IsZero() && now.Sub(last) < calm:
		if err := h.tell(ctx, "full", true, h.Chats, begun, nil); !store.Full(err) {
			return err
		}
		h.full.seen(now)
		return nil // it is told when there is room
	case told == "" && since.IsZero():
		return nil
	case told == "":
		text := msg.Text{{Text: "The disk was full", Style: msg.Bold}, {Text: " from " + h.Words.moment(since, now) + " to " +
			h.Words.moment(last, now) + ". What waited is read now, so that alerts of that time come late."}}
		if err := h.Post(ctx, "was-full/"+since.UTC().Format(time.RFC3339), text); err != nil {
			return err
		}
	case now.Sub(h.Started) < calm:
		return nil // the program has not tried yet
	default:
		if err := h.tell(ctx, "full", false, h.Chats, nil, over); err != nil {
			return err
		}
	}
	h.full.forget()
	return nil
}
