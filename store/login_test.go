package store

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

// loginAt is a login of anna from the address.
func loginAt(address string, at time.Time) Login {
	return Login{Time: at, Address: netip.MustParseAddr(address), Service: "sshd", Name: "Anna@example.org"}
}

// takeLogins reads logins at noon, and returns how many bans became undecided again.
func takeLogins(t *testing.T, s *Store, logins ...Login) int64 {
	t.Helper()
	n, err := s.AddLogins(t.Context(), LoginBatch{
		Source: "web1", Cursor: Cursor{Offset: 1, Size: 1}, Logins: logins, Lines: len(logins), ReadAt: noon,
		NewsSince: noon.Add(-time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func loginRows(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.r.QueryRowContext(t.Context(), "SELECT count(*) FROM logins").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLoginsAreFoundBeforeAmidAndAfterABan(t *testing.T) {
	s := openBans(t)
	day := 24 * time.Hour
	takeLogins(t, s,
		loginAt("203.0.113.7", noon.Add(-9*day)),
		loginAt("203.0.113.7", noon.Add(-3*day)),
		loginAt("203.0.113.7", noon.Add(-3*day-time.Minute)),
		loginAt("203.0.113.7", noon.Add(-20*time.Minute)),
		loginAt("203.0.113.7", noon),
		loginAt("203.0.113.7", noon.Add(3*time.Hour)),
		loginAt("203.0.113.9", noon.Add(-time.Minute)),
		loginAt("2001:db8:0:7::1", noon.Add(-2*day)),
		loginAt("2001:db8:0:8::1", noon.Add(-day)),
	)
	seen := func(b Ban, back time.Duration) string {
		t.Helper()
		l, err := s.LoginsOf(t.Context(), b, back)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, one := range []LoginSeen{l.Before, l.Amid, l.After} {
			switch {
			case one.At.IsZero():
				text += "none "
			case one.Near:
				text += "near "
				fallthrough
			default:
				text += one.At.Sub(noon).String() + " "
			}
		}
		return text
	}
	for name, test := range map[string]struct {
		ban  Ban
		back time.Duration
		want string
	}{
		"all":                    {Ban{Address: "203.0.113.7", Time: noon, BanTime: 600}, 7 * day, "-72h0m0s -20m0s 0s "},
		"a second later":         {Ban{Address: "203.0.113.7", Time: noon.Add(time.Second), BanTime: 600}, 7 * day, "-72h0m0s 0s 3h0m0s "},
		"not so long before":     {Ban{Address: "203.0.113.7", Time: noon, BanTime: 600}, 2 * day, "none -20m0s 0s "},
		"longer before":          {Ban{Address: "203.0.113.7", Time: noon.Add(-4 * day), BanTime: 600}, 30 * day, "-216h0m0s none -72h1m0s "},
		"a day after its end":    {Ban{Address: "203.0.113.7", Time: noon.Add(-21*time.Hour - 10*time.Minute), BanTime: 600}, 7 * day, "-72h0m0s none -20m0s "},
		"a ban for ever":         {Ban{Address: "203.0.113.7", Time: noon.Add(time.Hour), BanTime: -1}, 7 * day, "-20m0s 0s 3h0m0s "},
		"another address":        {Ban{Address: "203.0.113.8", Time: noon}, 30 * day, "none none none "},
		"its /64":                {Ban{Address: "2001:db8:0:7:ffff::9", Time: noon}, 7 * day, "near -48h0m0s none none "},
		"itself":                 {Ban{Address: "2001:db8:0:7::1", Time: noon}, 7 * day, "-48h0m0s none none "},
		"another /64":            {Ban{Address: "2001:db8:0:9::1", Time: noon}, 7 * day, "none none none "},
		"a network":              {Ban{Address: "203.0.113.0/24", Time: noon}, 7 * day, "near -72h0m0s near -1m0s near 0s "},
		"a network of IPv6":      {Ban{Address: "2001:db8::/32", Time: noon}, 7 * day, "near -24h0m0s none none "},
		"what is no address":     {Ban{Address: "host.example.org", Time: noon}, 7 * day, "none none none "},
		"an IPv4-mapped network": {Ban{Address: "::/0", Time: noon}, 7 * day, "near -24h0m0s none none "},
	} {
		if got := seen(test.ban, test.back); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Any number of logins within an hour is one row, and a file that is read again adds none.
func TestLoginsOfAnHourAreOneRow(t *testing.T) {
	s := openBans(t)
	var all []Login
	for i := range 3600 {
		all = append(all, loginAt("203.0.113.7", noon.Add(time.Duration(i)*time.Second)))
	}
	for range 2 {
		takeLogins(t, s, all...)
		takeLogins(t, s, all[17])
		if n := loginRows(t, s); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	}
	l, err := s.LoginsOf(t.Context(), Ban{Address: "203.0.113.7", Time: noon.Add(2 * time.Hour)}, BeforeBan)
	if want := noon.Add(3599 * time.Second); err != nil || !l.Before.At.Equal(want) {
		t.Errorf("%v, %v, want %v", l.Before.At, err, want)
	}
}

// Of a name only a hash is kept, which is another in every database.
func TestNamesOfLoginsAreKeptAsKeyedHashes(t *testing.T) {
	var hashes [][]byte
	for range 2 {
		s := openBans(t)
		takeLogins(t, s, loginAt("203.0.113.7", noon))
		if err := s.exec(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		if found := residue(t, filepath.Dir(s.path), [][]byte{[]byte("Anna"), []byte("anna"), []byte("example.org")}); found != "" {
			t.Error(found)
		}
		var hash []byte
		if err := s.r.QueryRowContext(t.Context(), "SELECT name FROM logins").Scan(&hash); err != nil || len(hash) != 8 {
			t.Fatalf("%x, %v", hash, err)
		}
		hashes = append(hashes, hash)
		known, err := s.LoggedIn(t.Context(), []string{"ANNA@example.org", "anna", ""})
		if err != nil || len(known) != 1 || !known["ANNA@example.org"] {
			t.Errorf("%v, %v", known, err)
		}
	}
	if bytes.Equal(hashes[0], hashes[1]) {
		t.Error("the same name has the same hash in two databases")
	}
}

func TestS16PurgeErasesLogins(t *testing.T) {
	s := openBans(t)
	old := noon.AddDate(0, 0, -400)
	gone := ban(7, true) // its ban is old
	gone.Time = old
	take(t, s, 0, gone, ban(8, true))
	bytesOf := func(a string) []byte { return netip.MustParseAddr(a).AsSlice() }
	takeLogins(t, s,
		loginAt("203.0.113.7", noon), // a recent login of an address that goes
		loginAt("203.0.113.8", old), loginAt("203.0.113.8", noon),
		loginAt("198.51.100.77", old), // never banned
		loginAt("2001:db8:77::1", old),
	)
	if _, err := Copy(t.Context(), s.path, s.path+copySuffix+"2026-11-21"); err != nil {
		t.Fatal(err)
	}
	before := noon.AddDate(0, 0, -365)
	for range 2 { // the second time there is nothing left to do
		if _, err := s.Purge(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if err := PurgeCopies(t.Context(), s.path, before); err != nil {
			t.Fatal(err)
		}
	}
	found := residue(t, filepath.Dir(s.path), [][]byte{
		[]byte("203.0.113.7"), bytesOf("203.0.113.7"), bytesOf("198.51.100.77"), bytesOf("2001:db8:77::1")[:8],
	})
	if found != "" {
		t.Error(found)
	}
	if n := loginRows(t, s); n != 1 {
		t.Errorf("%d rows, want the recent one", n)
	}
	// What was purged does not come back with its file.
	takeLogins(t, s, loginAt("198.51.100.77", old))
	if n := loginRows(t, s); n != 1 {
		t.Errorf("%d rows after the file was read again", n)
	}
	// A login whose time is old brings its purge about, though no ban is.
	if _, err := s.Purge(t.Context(), noon.AddDate(0, 0, 1)); err != nil || loginRows(t, s) != 0 {
		t.Errorf("%d rows, %v", loginRows(t, s), err)
	}
}

// A purge by a clock that was ahead has left its mark in the future.
func TestR31LoginsAfterAPurgeIntoTheFutureAreKept(t *testing.T) {
	s := openBans(t)
	takeLogins(t, s, loginAt("203.0.113.7", noon))
	take(t, s, 0, ban(1, true))
	if _, err := s.Purge(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	takeLogins(t, s, loginAt("203.0.113.7", noon.Add(time.Hour)))
	if n := loginRows(t, s); n != 1 {
		t.Errorf("%d rows, want that of the new login", n)
	}
}

// However bans and logins come, and whatever friendly_logins is set to meanwhile, the counts are those of the rows.
func TestLoginFriendsAreCountedAsTheyAre(t *testing.T) {
	s := openBans(t)
	place := func(string) (Located, error) { return Located{Public: true, Country: "US"}, nil }
	addBans := func(addresses ...string) {
		t.Helper()
		var bans []Ban
		for i, a := range addresses {
			bans = append(bans, Ban{Time: noon.Add(-time.Duration(i) * time.Minute), HasEpoch: true, Address: a, Jail: "sshd"})
		}
		_, err := s.AddBans(t.Context(), Batch{
			Source: "web1", Cursor: Cursor{Offset: 1}, Bans: bans, ReadAt: noon, NewsSince: noon.Add(-time.Hour), Place: place,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	friendly := func(want int64) {
		t.Helper()
		if total, err := s.Totals(t.Context(), Window{}); err != nil || total.Friendly != want {
			t.Errorf("%d of %d bans are friendly, %v, want %d", total.Friendly, total.Bans, err, want)
		}
		checkRecount(t, s, 0)
	}
	set := func(within time.Duration) {
		t.Helper()
		if err := s.SetFriends(t.Context(), Friends{Countries: []Country{"BE"}, Logins: within}); err != nil {
			t.Fatal(err)
		}
	}
	set(30 * 24 * time.Hour)
	var many []string
	for i := range 150 { // more than are looked up one by one
		many = append(many, fmt.Sprintf("192.0.2.%d", i))
	}
	takeLogins(t, s, loginAt("203.0.113.7", noon.Add(-10*24*time.Hour)), loginAt("192.0.2.77", noon.Add(-24*time.Hour)),
		loginAt("2001:db8::5", noon.Add(-24*time.Hour)))
	addBans("203.0.113.7", "203.0.113.8", "2001:db8::6", "2001:db8:1::5", "203.0.112.0/22")
	friendly(3) // the address, the neighbour in its /64, and the network that the address is of
	addBans(many...)
	friendly(4)
	if n := takeLogins(t, s, loginAt("203.0.113.8", noon.Add(-24*time.Hour)), loginAt("2001:db8:1::7", noon.Add(time.Second)),
		loginAt("203.0.113.7", noon.Add(-time.Hour))); n != 2 {
		t.Errorf("%d bans are to be looked at again, want those of 2 addresses", n)
	}
	friendly(5)
	set(2 * 24 * time.Hour)
	friendly(4) // 203.0.113.7 for its later login; the network is not looked up again
	set(0)
	friendly(0)
	set(30 * 24 * time.Hour)
	friendly(4)
	if err := s.UseTable(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	for _, a := range must(s.Unlocated(t.Context(), 1000)) {
		if err := s.Locate(t.Context(), []Located{{ID: a.ID, Public: true, Country: "FR"}}); err != nil {
			t.Fatal(err)
		}
	}
	friendly(4)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The cursor is kept with what was read, and lines are counted.
func TestLoginSourceIsAccountedFor(t *testing.T) {
	s := openBans(t)
	c := Cursor{Head: []byte{1}, Tail: []byte{2}, Offset: 50, Size: 60, Modified: 7, Line: 9, LastTime: noon}
	_, err := s.AddLogins(t.Context(), LoginBatch{
		Source: "web1", Cursor: c, Logins: []Login{loginAt("203.0.113.7", noon)}, Lines: 9, Gaps: 1, ReadAt: noon,
		Rejects: map[string]int{"no time": 2}, Others: map[string]int{NoLogin: 4, OtherProgram: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.LoginCursor(t.Context(), "web1")
	if err != nil || got.Offset != 50 || got.Line != 9 || !got.LastTime.Equal(noon) || !bytes.Equal(got.Head, c.Head) {
		t.Errorf("%+v, %v", got, err)
	}
	all, err := s.LoginSources(t.Context())
	st := all["web1"]
	if err != nil || st.Lines != 9 || st.Logins != 1 || st.Rejects != 2 || st.Gaps != 1 || !st.LastLoginAt.Equal(noon) ||
		st.Kinds["no time"] != 2 || st.Kinds[NoLogin] != 4 || st.Kinds[OtherProgram] != 2 {
		t.Errorf("%+v, %v", st, err)
	}
	if c, err := s.Cursor(t.Context(), "web1"); err != nil || c.Offset != 0 {
		t.Errorf("the source of that name has been read to %d, %v", c.Offset, err)
	}
}
