package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
	"friendlyfire/store/storetest"
)

// rack is a directory of many servers' files, and what reads them.
type rack struct {
	*testing.T
	dir   string
	store *store.Store
	files Files
	group *Group
	own   map[string]bool
	again time.Duration
	woken int
}

func newRack(t *testing.T) *rack {
	t.Helper()
	s := storetest.New(t, filepath.Join(t.TempDir(), "friendlyfire.db"))
	r := &rack{T: t, dir: filepath.Join(t.TempDir(), "remote"), store: s, files: LocalFiles{}, own: map[string]bool{}}
	r.start(r.dir + "/*/bans.csv")
	return r
}

// start starts the program anew, with a pattern.
func (r *rack) start(pattern string) {
	r.group = &Group{
		Store: r.store, Files: r.files, Pattern: NewPattern(pattern), Every: 15 * time.Second, Claims: &Claims{},
		Own:   func(m Match) bool { return r.own[m.Path] },
		Again: func(d time.Duration) { r.again = d },
	}
	r.group.New = func(_ string, parts []string) (FileReader, error) {
		name := strings.Join(parts, ".")
		if name == "" || len(name) > 40 {
			return nil, fmt.Errorf("%q is no name", name)
		}
		return &Reader{
			Store: r.store, Name: name, Format: "auto", Zone: time.UTC, MaxAge: time.Hour, Next: func() { r.woken++ },
		}, nil
	}
}

func (r *rack) path(server string) string { return filepath.Join(r.dir, server, "bans.csv") }

// write appends rows of bans to a server's file.
func (r *rack) write(server string, from, to int) {
	r.Helper()
	text := rows(richRow, from, to)
	if _, err := os.Stat(r.path(server)); err != nil {
		text = richHeader + text
	}
	if err := os.MkdirAll(filepath.Dir(r.path(server)), 0o700); err != nil {
		r.Fatal(err)
	}
	appendTo(r, r.path(server), text)
}

func (r *rack) step() error { return r.group.Step(r.Context()) }

// later takes a step when the next look is due.
func (r *rack) later() {
	r.Helper()
	time.Sleep(r.again)
	if err := r.step(); err != nil {
		r.Error(err)
	}
}

// bans are how many each source has brought.
func (r *rack) bans() map[string]int64 {
	r.Helper()
	all, err := r.store.Sources(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	bans := map[string]int64{}
	for _, s := range all {
		bans[s.Name] = s.Bans
	}
	return bans
}

func (r *rack) want(bans map[string]int64) {
	r.Helper()
	if got := r.bans(); fmt.Sprint(got) != fmt.Sprint(bans) {
		r.Errorf("bans %v, want %v", got, bans)
	}
}

func (r *rack) kinds() (kinds []string) {
	for _, p := range r.group.Problems() {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

func (r *rack) status(server string) store.SourceStatus {
	r.Helper()
	all, err := r.store.Sources(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, s := range all {
		if s.Name == server {
			return s
		}
	}
	return store.SourceStatus{}
}

// Servers that come are read at the next look, which is within every; one that goes stays known, and is read on when it
// is back, over restarts too. Nothing is lost and nothing read twice.
func TestL01APatternFollowsItsServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		if err := r.step(); err == nil || !slices.Equal(r.kinds(), []string{Unlisted}) {
			t.Errorf("without the directory: %v, problems %v", err, r.kinds())
		}
		if err := os.Mkdir(r.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		r.later()
		if !slices.Equal(r.kinds(), []string{NothingFound}) {
			t.Errorf("problems of an empty directory: %v", r.kinds())
		}
		r.write("web1", 0, 3)
		r.write("web2", 3, 5)
		r.later()
		r.want(map[string]int64{"web1": 3, "web2": 2})
		if r.kinds() != nil || !slices.Equal(r.group.Names(), []string{"web1", "web2"}) {
			t.Errorf("problems %v, names %v", r.kinds(), r.group.Names())
		}

		r.write("web3", 5, 6) // a new one, while a line comes to an old one
		r.write("web1", 6, 7)
		before := time.Now()
		r.later()
		if waited := time.Since(before); waited > r.group.Every {
			t.Errorf("looked after %v, want %v", waited, r.group.Every)
		}
		r.want(map[string]int64{"web1": 4, "web2": 2, "web3": 1})

		away := filepath.Join(t.TempDir(), "web2")
		if err := os.Rename(filepath.Dir(r.path("web2")), away); err != nil {
			t.Fatal(err)
		}
		time.Sleep(r.again)
		if err := r.step(); err == nil || !strings.Contains(err.Error(), "web2") {
			t.Errorf("a server is gone: %v", err)
		}
		if s := r.status("web2"); !s.Gone() {
			t.Errorf("web2 fails with %q", s.Error)
		}
		r.write("web1", 7, 8)
		r.start(r.dir + "/*/bans.csv") // a restart
		r.write("web3", 8, 9)
		if err := r.step(); err == nil || !slices.Contains(r.group.Names(), "web2") {
			t.Errorf("after a restart: %v, names %v", err, r.group.Names())
		}
		if err := os.Rename(away, filepath.Dir(r.path("web2"))); err != nil {
			t.Fatal(err)
		}
		r.write("web2", 9, 11)
		r.later()
		r.want(map[string]int64{"web1": 5, "web2": 4, "web3": 2})
		if s := r.status("web2"); !s.FailingSince.IsZero() {
			t.Errorf("web2 is back and fails with %q", s.Error)
		}
	})
}

// A server that is gone for a week was taken away: it is forgotten, and its bans are kept. If it comes back, it is read
// on.
func TestL01WhoIsGoneForAWeekIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.write("web1", 0, 1)
		r.write("web2", 1, 3)
		r.step()
		saved, err := os.ReadFile(r.path("web2"))
		if err != nil {
			t.Fatal(err)
		}
		os.RemoveAll(filepath.Dir(r.path("web2")))
		time.Sleep(r.again)
		r.step()
		time.Sleep(forgetAfter - time.Hour)
		r.start(r.dir + "/*/bans.csv")
		r.step()
		if !r.group.Has("web2") {
			t.Error("forgotten within the week")
		}
		time.Sleep(2 * time.Hour)
		r.step()
		if r.group.Has("web2") || r.bans()["web2"] != 2 {
			t.Errorf("after a week: names %v, bans %v", r.group.Names(), r.bans())
		}
		r.start(r.dir + "/*/bans.csv")
		r.step()
		if r.group.Has("web2") {
			t.Error("remembered after a restart")
		}
		os.Mkdir(filepath.Dir(r.path("web2")), 0o700)
		if err := os.WriteFile(r.path("web2"), saved, 0o600); err != nil {
			t.Fatal(err)
		}
		r.write("web2", 3, 4)
		r.later()
		r.want(map[string]int64{"web1": 1, "web2": 3})
	})
}

// A file that changes is read at once, without looking at the others.
func TestL01AChangedFileIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.write("web1", 0, 1)
		r.write("web2", 1, 2)
		r.step()
		time.Sleep(5 * time.Second)
		r.write("web1", 2, 3)
		r.write("web2", 3, 4)
		r.group.Changed(r.path("web1"))
		r.step()
		r.want(map[string]int64{"web1": 2, "web2": 1})
		if r.again != 10*time.Second {
			t.Errorf("the next look is in %v, want 10s", r.again)
		}
		r.write("web3", 4, 5)
		r.group.Changed(r.path("web3"))
		r.step() // the last look is long past
		r.want(map[string]int64{"web1": 2, "web2": 2, "web3": 1})
		r.write("web4", 5, 6)
		r.group.Changed(r.path("web4")) // and now it is not: names that come in a flood cost one look in a second
		r.step()
		if r.bans()["web4"] != 0 || r.again > time.Second {
			t.Errorf("looked again at once, or not in a second: %v", r.again)
		}
		r.later()
		if r.bans()["web4"] != 1 {
			t.Errorf("bans %v", r.bans())
		}
	})
}

// Rotation within a pattern loses nothing, and a star in the name of the file takes no rotated file for a server.
func TestL01RotationWithinAPattern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		os.Mkdir(r.dir, 0o700)
		r.start(r.dir + "/*.csv")
		file := func(name string) string { return filepath.Join(r.dir, name) }
		appendTo(t, file("web1.csv"), richHeader+rows(richRow, 0, 20))
		appendTo(t, file("web2.csv"), richHeader+rows(richRow, 20, 40))
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		appendTo(t, file("web1.csv"), rows(richRow, 40, 45))
		if err := os.Rename(file("web1.csv"), file("web1-20261122.csv")); err != nil {
			t.Fatal(err)
		}
		r.later() // there is no new file yet
		r.want(map[string]int64{"web1": 25, "web2": 20})
		appendTo(t, file("web1.csv"), richHeader+rows(richRow, 45, 47))
		os.Rename(file("web2.csv"), file("web2.csv.1"))
		r.start(r.dir + "/*.csv") // and a restart in between
		appendTo(t, file("web2.csv"), richHeader+rows(richRow, 47, 48))
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.want(map[string]int64{"web1": 27, "web2": 21})
		if !slices.Equal(r.group.Names(), []string{"web1", "web2"}) {
			t.Errorf("servers %v", r.group.Names())
		}
	})
}

// Names that nobody can use, two files of one name, one file under two names, and files of a source of its own: each is
// told of, or left to that source, and keeps nothing else from being read.
func TestL01NamesThatCannotBeUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.start(r.dir + "/*/*/bans.csv")
		r.write("ams/web1", 0, 1)
		r.write("ams.web1/x", 1, 2)
		r.write("ams/web1.x", 2, 3) // ams.web1.x, as is the one before
		r.write(strings.Repeat("long", 11)+"/web1", 3, 4)
		r.write("ber/web7", 4, 5)
		r.own[r.path("ber/web7")] = true
		if err := os.Symlink(filepath.Join(r.dir, "ams", "web1"), filepath.Join(r.dir, "ams", "web9")); err != nil {
			t.Fatal(err)
		}
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.want(map[string]int64{"ams.web1": 1, "ams.web1.x": 1})
		if got := r.kinds(); !slices.Equal(got, []string{SameName, SameFile, BadName}) {
			t.Errorf("problems %v", got)
		}
	})
}

// Another name for the same files is a rename: nothing is read again.
func TestR33ANewNameForAPatternDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.write("web1", 0, 30)
		r.write("web2", 30, 60)
		r.step()
		r.start(r.dir + "/*/bans.csv")
		inner := r.group.New
		r.group.New = func(file string, parts []string) (FileReader, error) {
			reader, err := inner(file, parts)
			reader.(*Reader).Name += ".example.org"
			return reader, err
		}
		r.write("web2", 60, 61)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.want(map[string]int64{"web1.example.org": 30, "web2.example.org": 31})

		// And so is a pattern in place of sources that had names of their own.
		r.start(r.dir + "/*/bans.csv")
		if err := r.store.SetValues(t.Context(), map[string]string{
			r.group.foundKey() + "web1.example.org": "", r.group.foundKey() + "web2.example.org": "",
		}); err != nil {
			t.Fatal(err)
		}
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.want(map[string]int64{"web1": 30, "web2": 31})
	})
}

// More files than are read: those that were read before still are.
func TestL01TooManyFilesKeepTheKnownOnes(t *testing.T) {
	m := crowd{}
	for n := range MostFiles + 10 {
		m = append(m, entry{fmt.Sprintf("host%05d", n), os.ModeDir})
	}
	last := "/r/" + m[len(m)-1].name + "/f"
	found, err := find(t.Context(), m, NewPattern("/r/*/f"), func(file string) bool { return file == last })
	if err != nil || !found.More || len(found.Files) != MostFiles {
		t.Fatalf("found %d, more: %t, error %v", len(found.Files), found.More, err)
	}
	if !slices.ContainsFunc(found.Files, func(f Match) bool { return f.Path == last }) {
		t.Error("a known file had to make room")
	}
}

// crowd is a machine with many directories.
type crowd []entry

func (c crowd) list(string) ([]entry, bool, error) { return c, false, nil }
func (crowd) stat(file string) (Info, os.FileMode, error) {
	return Info{Name: file}, 0, nil
}

func (crowd) each(ctx context.Context, n int, do func(int)) error {
	for i := range n {
		do(i)
	}
	return ctx.Err()
}

// Over SFTP a pattern is the same, over one connection; a host that is away is one error, and no file of it is gone.
func TestL01APatternOverSFTP(t *testing.T) {
	t.Parallel()
	user, key := newKey(t)
	hostKey, _ := newKey(t)
	host := newSSHHost(t, user.PublicKey(), hostKey)
	r := newRack(t)
	dials, away := 0, false
	remote := &SFTP{
		User: "bans", Address: host.address, KeyFile: key, KnownHosts: knows(t, host.address, hostKey.PublicKey()),
	}
	remote.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; away {
			return nil, errors.New("no route to host")
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	t.Cleanup(func() { remote.Close() })
	r.files = RemoteFiles{remote}
	r.start(r.dir + "/*/bans.csv")
	for n := range 100 {
		r.write(fmt.Sprintf("web%d", n), n, n+1)
	}
	if err := r.step(); err != nil {
		t.Fatal(err)
	}
	if len(r.bans()) != 100 || dials != 1 {
		t.Errorf("%d servers over %d connections", len(r.bans()), dials)
	}
	r.write("web7", 200, 203)
	os.RemoveAll(filepath.Dir(r.path("web8")))
	r.group.listedAt = time.Time{}
	if err := r.step(); err == nil || !strings.Contains(err.Error(), "web8") {
		t.Errorf("web8 is gone: %v", err)
	}
	if r.bans()["web7"] != 4 || r.status("web8").FailingSince.IsZero() {
		t.Errorf("bans of web7 %d, web8 %+v", r.bans()["web7"], r.status("web8"))
	}
	away = true
	remote.Close()
	r.group.listedAt = time.Time{}
	if err := r.step(); err == nil || !slices.Equal(r.kinds(), []string{Unlisted}) {
		t.Errorf("the host is away: %v, problems %v", err, r.kinds())
	}
	if s := r.status("web7"); !s.FailingSince.IsZero() {
		t.Errorf("web7 fails: %s", s.Error)
	}
}
