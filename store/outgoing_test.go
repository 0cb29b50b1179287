package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// said is what is outgoing, a line each.
func said(t *testing.T, s *Store) (all []string) {
	t.Helper()
	out, err := s.Outgoing(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		switch {
		case o.Ban != nil:
			all = append(all, fmt.Sprintf("%s ban %d %s %s %d", o.Server, o.Ban.Time.Unix(), o.Ban.Jail, o.Ban.Address, o.Ban.Nth))
		case o.End != nil:
			all = append(all, fmt.Sprintf("%s end %d %d %s %s", o.Server, o.End.Kind, o.End.At.Unix(), o.End.Jail, o.End.Address))
		case o.Rule != nil:
			all = append(all, fmt.Sprintf("%s rule %s %s %d", o.Server, o.Rule.Jail, o.Rule.Setting, o.Rule.Value))
		default:
			all = append(all, o.Server+" nothing")
		}
	}
	return all
}

func TestWhatAnAgentReadsIsOutgoingInItsOrder(t *testing.T) {
	s := openBans(t)
	now := time.Unix(1795773661, 0)
	ban := func(after int, address, source string) Ban {
		return Ban{Time: now.Add(time.Duration(after) * time.Second), Address: address, Jail: "sshd", Source: source}
	}
	b := Batch{
		Source: "relay", Forward: true, Open: true, ReadAt: now, Lines: 9, Cursor: Cursor{Head: []byte{1}, Offset: 900},
		Bans: []Ban{ban(0, "203.0.113.1", "b"), ban(5, "203.0.113.2", "a"), ban(9, "203.0.113.1", "b"), ban(9, "203.0.113.1", "b")},
		Ends: []End{
			{Kind: Started, After: 0, Source: "b", At: now},
			{Kind: Lifted, After: 2, Source: "b", Jail: "sshd", Address: "203.0.113.1", At: now.Add(7 * time.Second)},
		},
		Rules: []Rule{{Source: "a", Jail: "sshd", Setting: MaxRetry, Value: 5, At: now}},
	}
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"b end 3 1795773661  ",
		"a rule sshd maxretry 5",
		"b ban 1795773661 sshd 203.0.113.1 1",
		"a ban 1795773666 sshd 203.0.113.2 1",
		"b end 0 1795773668 sshd 203.0.113.1",
		"b ban 1795773670 sshd 203.0.113.1 1",
		"b ban 1795773670 sshd 203.0.113.1 2",
	}
	got := said(t, s)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}

	// Read again as a new generation, the file brings no ban once more.
	b.Cursor.Generation, b.Ends, b.Rules = 1, nil, nil
	if _, err := s.AddBans(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, said(t, s)); diff != "" {
		t.Errorf("read again (-want +got)\n%s", diff)
	}

	out, err := s.Outgoing(t.Context(), 3, nil)
	if err != nil || len(out) != 3 {
		t.Fatal(out, err)
	}
	if err := s.Published(t.Context(), []int64{out[0].ID, out[1].ID, out[2].ID}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[3:], said(t, s)); diff != "" {
		t.Errorf("after three were published (-want +got)\n%s", diff)
	}
	if out, err := s.Outgoing(t.Context(), 100, []string{"b"}); err != nil || len(out) != 1 || out[0].Server != "a" {
		t.Errorf("without those of b %v are outgoing (%v), want one of a", out, err)
	}
	if n, err := s.Unpublished(t.Context()); n != 4 || err != nil {
		t.Errorf("%d are unpublished (%v), want 4", n, err)
	}
}

func TestABanWithTheNumberOfItsAgentIsKeptOnce(t *testing.T) {
	s := openBans(t)
	now := time.Unix(1795773661, 0)
	one := Ban{Time: now, Address: "203.0.113.1", Jail: "sshd", Source: "web1", Nth: 1}
	two := one
	two.Nth = 2
	for i, want := range []int{2, 0, 0} { // also after the stream was made anew
		b := Batch{Source: "fleet", ReadAt: now, Lines: 3, Cursor: Cursor{Head: []byte{1}, Offset: 3, Generation: int64(i)}}
		b.Bans = []Ban{two, one, two}
		added, err := s.AddBans(t.Context(), b)
		if err != nil || added != want {
			t.Errorf("time %d: %d added (%v), want %d", i+1, added, err, want)
		}
	}
}
