package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A hold comes in while one write is under way and many wait: it is the next, together with the outcome.
func TestR36HoldWaitsForNoWriteButTheOneThatHasBegun(t *testing.T) {
	s := empty(t)
	chat := Chat{"telegram", "-1001"}
	if _, err := s.Post(t.Context(), Notice{Key: "ban/1", Chat: chat, Body: "{}", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), "nonce", time.Now(), 1); err != nil {
		t.Fatal(err)
	}
	const others = 20
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- s.write(t.Context(), func(*sql.Tx) error { close(begun); <-end; return nil })
	}()
	<-begun
	for range others {
		go func() { // one that would have to come first finds what it must not find
			done <- s.write(t.Context(), func(tx *sql.Tx) error {
				var held, claimed int
				err := tx.QueryRow(`SELECT coalesce(max(blocked_until), 0) > 0,
					(SELECT count(*) FROM notices WHERE claimed_at IS NOT NULL) FROM chats`).Scan(&held, &claimed)
				if err == nil && (held == 0 || claimed > 0) {
					err = fmt.Errorf("came before the hold: %d held, %d claimed", held, claimed)
				}
				return err
			})
		}()
	}
	await(t, s, others, 0)
	go func() {
		done <- s.RecordAttempt(t.Context(), Attempt{
			Chat: chat, IDs: []int64{1}, At: time.Now(), Outcome: NotSent, Hold: time.Hour,
		})
	}()
	await(t, s, others, 1)
	if left := heldFor(t, s, chat, time.Now()); left == 0 {
		t.Error("the hold is not in force yet")
	}
	close(end)
	for range others + 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// await waits until so many writes wait.
func await(t *testing.T, s *Store, others, urgent int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.turns.mu.Lock()
		ok := len(s.turns.others) == others && len(s.turns.urgent) == urgent
		s.turns.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the writes do not wait")
		}
	}
}

// A write that is given up while it waits leaves its place to the next.
func TestTurnsAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		if err := turns.take(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order strings.Builder
		write := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			order.WriteString(s)
		}
		waits := func(ctx context.Context, urgent bool, name string) {
			go func() {
				if err := turns.take(ctx, urgent); err != nil {
					write("(" + name + ")")
					return
				}
				write(name)
				turns.give()
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		waits(t.Context(), false, "a")
		waits(ctx, false, "b")
		waits(ctx, true, "c")
		waits(t.Context(), true, "d")
		cancel()
		synctest.Wait()
		turns.give()
		synctest.Wait()
		if got := order.String(); got != "(b)(c)da" && got != "(c)(b)da" {
			t.Errorf("order %q", got)
		}
		if err := turns.take(ctx, true); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want the context's error", err)
		}
		waits(t.Context(), false, "e")
		if got := order.String(); !strings.HasSuffix(got, "e") {
			t.Errorf("nobody gets a turn any more: %q", got)
		}
	})
}
