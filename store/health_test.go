package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFullIsToldFromOtherTrouble(t *testing.T) {
	s := empty(t)
	var pages int
	if err := s.w.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := s.w.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	full := s.SetValue(t.Context(), "test/much", strings.Repeat("x", 1<<20))
	_, nonsense := s.w.Exec("SELECT nothing")
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{full, true},
		{fmt.Errorf("step: %w", full), true},
		{errors.Join(errors.New("other"), fmt.Errorf("write: %w", syscall.ENOSPC)), true},
		{syscall.EDQUOT, true},
		{nonsense, false},
		{syscall.EACCES, false},
		{nil, false},
	} {
		if got := Full(tc.err); got != tc.want {
			t.Errorf("Full(%v) = %v, want %v", tc.err, got, tc.want)
		}
	}
}

func TestDeadLettersAreCountedWithTheLatestReason(t *testing.T) {
	s := empty(t)
	chat, other := Chat{"paper", "1"}, Chat{"paper", "2"}
	now := time.Now().Truncate(time.Second)
	var all []Notice
	for i, key := range []string{"ban/1", "digest/2026-11-22", "health/dead/paper/1/1", "ban/2"} {
		all = append(all, Notice{Key: key, Chat: chat, Body: "{}", CreatedAt: now.Add(time.Duration(i) * time.Second)})
	}
	if _, err := s.Post(t.Context(), append(all, Notice{
		Key: "ban/1", Chat: other, Body: "{}", CreatedAt: now,
	})...); err != nil {
		t.Fatal(err)
	}
	for id := range int64(3) {
		if err := s.RecordOutcome(t.Context(), Refused, now.Add(time.Duration(id)*time.Hour),
			fmt.Sprint("reason ", id+1), id+1); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		chat    Chat
		since   time.Time
		without string
		want    DeadLetters
	}{
		{chat, time.Time{}, "", DeadLetters{3, "health/dead/paper/1/1", "reason 3"}},
		{chat, time.Time{}, "health/dead/", DeadLetters{2, "digest/2026-11-22", "reason 2"}},
		{chat, now.Add(time.Hour), "health/dead/", DeadLetters{1, "digest/2026-11-22", "reason 2"}},
		{chat, now.Add(3 * time.Hour), "", DeadLetters{}},
		{other, time.Time{}, "", DeadLetters{}},
	} {
		got, err := s.DeadLetters(t.Context(), tc.chat, tc.since, tc.without)
		if err != nil || got != tc.want {
			t.Errorf("%s since %v without %q: %+v, %v; want %+v", tc.chat, tc.since, tc.without, got, err, tc.want)
		}
	}
	status, err := s.ChatStatus(t.Context(), chat)
	if err != nil || status.Waiting != 1 || status.Dead != 3 || !status.Oldest.Equal(now.Add(3*time.Second)) {
		t.Errorf("status %+v, %v; want 1 waiting since %v and 3 dead", status, err, now.Add(3*time.Second))
	}
}

func TestPostAndSetIsBothOrNeither(t *testing.T) {
	s := empty(t)
	n := Notice{Key: "health/a/1", Chat: Chat{"paper", "1"}, Body: "{}", CreatedAt: time.Now()}
	_, err := s.w.Exec(`CREATE TRIGGER no BEFORE INSERT ON meta WHEN NEW.key = 'health/no'
		BEGIN SELECT RAISE(ABORT, 'no'); END`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PostAndSet(t.Context(), "health/no", "1", n); err == nil {
		t.Error("no error where the value could not be kept")
	}
	if posted, err := s.Posted(t.Context(), n.Key, n.Chat); posted || err != nil {
		t.Errorf("posted %v, %v, without the value", posted, err)
	}
	for _, want := range []int{1, 0} { // the second time the chat has it already
		if posted, err := s.PostAndSet(t.Context(), "health/a", "since", n); posted != want || err != nil {
			t.Errorf("posted %d, %v, want %d", posted, err, want)
		}
		if value, err := s.Value(t.Context(), "health/a"); value != "since" || err != nil {
			t.Errorf("value %q, %v", value, err)
		}
	}
}
