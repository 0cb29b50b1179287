package bot

import (
	"context"
	"sync"
	"time"

	"friendlyfire/store"
)

// room is how many bytes must be free on the disk of a database of that size: enough for a copy of the database, and
// for more than a day's log.
func room(size int64) int64 { return max(2*size, 100_000_000) }

// calm is how long no write must have failed before the disk no longer counts as full. A full disk may still take small
// writes while it refuses large ones; by then, every stage has tried again.
const calm = 2 * time.Minute

// full is when writes found no room. It is not kept in the database, which has none.
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

// Watch returns a step that does the same, and lets Health know if it fails because the disk is full.
func (h *Health) Watch(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := step(ctx)
		if store.Full(err) {
			h.full.seen(time.Now())
		}
		return err
	}
}

// disk tells the chats if the disk is full, or nearly.
func (h *Health) disk(ctx context.Context, now time.Time) error {
	if err := h.fullDisk(ctx, now); err != nil || h.Free == nil {
		return err
	}
	free, used, err := h.space(ctx)
	if err != nil {
		return err
	}
	told, err := h.Store.Value(ctx, "health/disk")
	if err != nil {
		return err
	}
	enough := room(used)
	if told != "" {
		enough += enough / 5 // so that a size near the limit does not change the state again and again
	}
	return h.tell(ctx, "disk", free < enough, h.Chats,
		append(headed("The disk is nearly full", ": "+Size(free)+" free, and the database has "+Size(used)+
			". On a full disk I cannot keep what is new. "), advised("To see what fills it", "du -xh / | sort -h | tail")...),
		headed("The disk has room again", ": "+Size(free)+" free"))
}

// space is how many bytes of the disk are free, and how many the database uses.
func (h *Health) space(ctx context.Context) (free, used int64, err error) {
	if used, err = h.Store.Size(ctx); err != nil {
		return 0, 0, err
	}
	free, err = h.Free()
	return free, used, err
}

// fullDisk tells the chats if writes find no room: at once if there is room for the message itself, else later.
func (h *Health) fullDisk(ctx context.Context, now time.Time) error {
	told, err := h.Store.Value(ctx, "health/full")
	if err != nil {
		return err
	}
	since, last := h.full.period()
	// This may be delivered while the disk is full or as soon as it is not: it must be true in both cases.
	begun := append(headed("The disk was found full", " at "+h.Words.moment(since, now)+
		". Until there is room I keep nothing new: it waits in its files, and so do alerts. "),
		advised("To see what fills it", "du -xh / | sort -h | tail")...)
	over := headed("The disk is not full any more", ": what was waiting is being read now")
	switch {
	case !last.IsZero() && now.Sub(last) < calm:
		if err := h.tellSince(ctx, "full", since, true, h.Chats, begun, nil); !store.Full(err) {
			return err
		}
		h.full.seen(now)
		return nil // the chats will be told when there is room
	case told == "" && since.IsZero():
		return nil
	case told == "":
		if err := h.WasFull(ctx, since, last); err != nil {
			return err
		}
	case now.Sub(h.Started) < calm:
		return nil // the program has not tried to write yet
	default:
		if err := h.tell(ctx, "full", false, h.Chats, nil, over); err != nil {
			return err
		}
	}
	h.full.forget()
	return nil
}

// WasFull tells the chats that the disk was full until a moment ago.
func (h *Health) WasFull(ctx context.Context, since, last time.Time) error {
	text := green(headed("The disk was full", " from "+h.Words.moment(since, last)+" to "+h.Words.moment(last, last)+
		". What waited is read now, so that alerts of that time come late."), 0)
	return h.Post(ctx, "was-full/"+since.UTC().Format(time.RFC3339), text)
}
