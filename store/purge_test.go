package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestS16PurgeLeavesNoByteOfAnAddressAndKeepsTheCounts(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), filepath.Join(dir, "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	place := func(text string) (Located, error) {
		return Located{Public: true, Country: map[bool]Country{true: "BE", false: "CN"}[text[len(text)-1]%2 == 0]}, nil
	}
	if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}}); err != nil {
		t.Fatal(err)
	}
	old, kept := func(i int) string { return fmt.Sprintf("203.0.%d.%d", 100+i%50, i%250) }, "198.51.100.7"
	var bans []Ban
	for i := range 3000 {
		bans = append(bans, Ban{
			Time: noon.Add(-time.Duration(i+24) * time.Hour), HasEpoch: i%2 == 0, Address: old(i), Jail: "sshd",
			Matches: "Failed password for anna from " + old(i),
		})
	}
	bans = append(bans, Ban{Time: noon, HasEpoch: true, Address: kept, Jail: "sshd"},
		Ban{Time: noon.Add(-1000 * time.Hour), HasEpoch: true, Address: kept, Jail: "web"})
	batch := Batch{
		Source: "web1", Cursor: Cursor{Offset: 1}, Bans: bans, ReadAt: noon,
		NewsSince: noon.Add(-time.Hour), Place: place,
	}
	if _, err := s.AddBans(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	chat := Chat{"telegram", "1"}
	for i, at := range []time.Time{noon.Add(-40 * 24 * time.Hour), noon} {
		if _, err := s.Post(t.Context(), Notice{
			Key: fmt.Sprint("ban/", i), Chat: chat,
			Body: `{"text":"` + []string{old(1), kept}[i] + `"}`, CreatedAt: at,
		}); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Due(t.Context(), chat, noon, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), "n", noon, due[0].ID, due[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecordOutcome(t.Context(), Sent, noon, "", claimed...); err != nil {
		t.Fatal(err)
	}
	k, err := s.Known(t.Context(), old(1))
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr(old(1))
	outer := Network{Prefix: netip.MustParsePrefix("203.0.0.0/16"), Country: "BE", Name: "EXAMPLE", AnsweredAt: noon}
	inner := Network{Prefix: netip.PrefixFrom(addr, 32), Country: "BE", Name: "anna at home", AnsweredAt: noon}
	if err := s.Answer(t.Context(), WhoisQuery{ID: k.ID, Addr: addr}, []Network{outer, inner}); err != nil {
		t.Fatal(err)
	}

	reports := map[string]func(context.Context, Window, bool) (Counts, error){
		"country": s.ByCountry,
		"jail":    s.ByJail, "source": s.BySource,
	}
	before := map[string]Counts{}
	for name, ask := range reports {
		if before[name], err = ask(t.Context(), Window{}, true); err != nil {
			t.Fatal(err)
		}
	}
	purged, err := s.Purge(t.Context(), noon)
	if err != nil || purged.Bans != 3001 || purged.Addresses == 0 || !purged.Before.Equal(noon.Truncate(24*time.Hour)) {
		t.Fatalf("%+v, %v", purged, err)
	}
	for name, ask := range reports {
		after, err := ask(t.Context(), Window{}, true)
		if diff := cmp.Diff(before[name], after); err != nil || diff != "" {
			t.Errorf("counts by %s changed: %v (-before +after):\n%s", name, err, diff)
		}
	}
	if span, err := s.Span(t.Context()); err != nil || span.From.After(noon.Add(-3000*time.Hour)) ||
		span.To.Before(noon) {
		t.Errorf("all time is %v, %v", span, err)
	}

	gone := [][]byte{[]byte("203.0.1"), []byte("anna"), addr.AsSlice()}
	if found := residue(t, dir, gone); found != "" {
		t.Error(found)
	}
	if residue(t, dir, [][]byte{[]byte(kept)}) == "" {
		t.Error("an address that is still banned is gone, too")
	}
	t.Attr("reached", fmt.Sprintf("%d bans of %d addresses purged, 0 bytes left", purged.Bans, purged.Addresses))

	// Purged bans are not counted again when their file is read once more, and their ids are not reused.
	batch.Cursor.Generation++
	if added, err := s.AddBans(t.Context(), batch); err != nil || added != 0 {
		t.Errorf("%d bans came back, %v", added, err)
	}
	if found := residue(t, dir, gone); found != "" {
		t.Errorf("read once more: %s", found)
	}
	if n, err := s.Addresses(t.Context(), Window{}); err != nil || n != before["country"].Total.Addresses {
		t.Errorf("%d addresses, %v, want %d as before", n, err, before["country"].Total.Addresses)
	}
	again, err := s.Purge(t.Context(), noon)
	if err != nil || again.Bans != 0 || again.Addresses != 0 {
		t.Errorf("a second purge: %+v, %v", again, err)
	}
}

// residue returns where the files of dir contain one of the texts, "" if nowhere.
func residue(t *testing.T, dir string, texts [][]byte) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []error
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if i := bytes.Index(data, text); i >= 0 {
				found = append(found, fmt.Errorf("%s holds %q at %d: %q", f.Name(), text, i,
					data[max(0, i-20):min(len(data), i+40)]))
			}
		}
	}
	if err := errors.Join(found...); err != nil {
		return err.Error()
	}
	return ""
}

// A purge by a clock that was ahead has left its mark in the future. What comes now was never counted.
func TestR31BansAfterAPurgeIntoTheFutureAreKept(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true), ban(2, true))
	if _, err := s.Purge(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	take(t, s, 1, ban(1, true), ban(2, true)) // again, in another file
	if total, err := s.Totals(t.Context(), Window{}); err != nil || total.Bans != 2 {
		t.Errorf("%+v, %v, want the 2 bans counted once", total, err)
	}
	take(t, s, 1, ban(100, true))
	if total, err := s.Totals(t.Context(), Window{}); err != nil || total.Bans != 3 {
		t.Errorf("%+v, %v, want 3 bans", total, err)
	}
}

func TestPurgeLeavesAloneWhatIsNewer(t *testing.T) {
	s := openBans(t)
	if n := take(t, s, 0, ban(1, true), ban(2, true), ban(3, false)); n != 3 {
		t.Fatal(n)
	}
	purged, err := s.Purge(t.Context(), noon)
	if err != nil || purged.Bans != 0 {
		t.Errorf("%+v, %v", purged, err)
	}
	if size, err := s.Totals(t.Context(), Window{}); err != nil || size.Bans != 3 {
		t.Errorf("%+v, %v", size, err)
	}
	if n := take(t, s, 1, ban(3, false)); n != 0 {
		t.Errorf("%d bans added twice", n)
	}
	checkRecount(t, s, 0)
}

// Ids are never reused: a notice refers to its ban by id.
func TestNumbersOfPurgedBansAreNotGivenAgain(t *testing.T) {
	s := openBans(t)
	take(t, s, 0, ban(1, true))
	first, err := s.LatestBans(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Purge(t.Context(), noon.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	later := ban(1, true)
	later.Time = later.Time.AddDate(0, 0, 2)
	take(t, s, 0, later)
	second, err := s.LatestBans(t.Context(), 1)
	if err != nil || second[0].ID <= first[0].ID {
		t.Errorf("ban %d came after ban %d, %v", second[0].ID, first[0].ID, err)
	}
	if k, err := s.Known(t.Context(), later.Address); err != nil || k.ID < 2 {
		t.Errorf("address %d, %v", k.ID, err)
	}
}
