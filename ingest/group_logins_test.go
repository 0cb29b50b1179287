package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ofLogins makes the rack's files those of logins.
func (r *rack) ofLogins(pattern string) {
	r.start(pattern)
	r.group.Logins = true
	r.group.New = func(_ string, parts []string) (FileReader, error) {
		return &LoginReader{
			Store: r.store, Name: strings.Join(parts, "."), Zone: time.UTC, MaxAge: time.Hour, Next: func() { r.woken++ },
		}, nil
	}
}

// login appends so many logins to a server's file.
func (r *rack) login(server string, n int) {
	r.Helper()
	file := filepath.Join(r.dir, server, "auth.log")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		r.Fatal(err)
	}
	var text strings.Builder
	for range n {
		r.woken++ // makes every line another one
		fmt.Fprintf(&text, "%s %s sshd[%d]: Accepted publickey for ann from 81.240.1.1 port %d ssh2\n",
			time.Now().UTC().Format(time.RFC3339), server, r.woken, 1024+r.woken)
	}
	appendTo(r, file, text.String())
}

func (r *rack) wantLogins(want map[string]int64) {
	r.Helper()
	all, err := r.store.LoginSources(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	got := map[string]int64{}
	for name, s := range all {
		got[name] = s.Logins
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.Errorf("logins %v, want %v", got, want)
	}
}

// Files of logins come, go, are rotated and come back as those of sources do: nothing is lost, and nothing read twice.
// What a pattern of sources has found is no matter of theirs.
func TestL07APatternOfLoginsFollowsItsServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.write("web1", 0, 30)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		pattern := r.dir + "/*/auth.log"
		r.ofLogins(pattern)
		r.login("web1", 3)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.login("web2", 5)
		r.login("web1", 1)
		r.later()
		r.wantLogins(map[string]int64{"web1": 4, "web2": 5})
		if names := r.group.Names(); !slices.Equal(names, []string{"web1", "web2"}) {
			t.Errorf("names %v", names)
		}

		file := filepath.Join(r.dir, "web2", "auth.log")
		r.login("web2", 2)
		if err := os.Rename(file, file+".1"); err != nil {
			t.Fatal(err)
		}
		r.login("web2", 1)
		r.later()
		r.wantLogins(map[string]int64{"web1": 4, "web2": 8})

		if err := os.Rename(filepath.Join(r.dir, "web2"), filepath.Join(t.TempDir(), "away")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(r.again)
		if err := r.step(); err == nil {
			t.Error("nothing is said of a file that is gone")
		}
		gone := func() bool {
			all, err := r.store.LoginSources(t.Context())
			s := all["web2"]
			return err == nil && s.Gone()
		}
		if !gone() {
			t.Error("a file that is gone is not known to be")
		}
		r.ofLogins(pattern) // a restart
		r.step()
		if names := r.group.Names(); !slices.Equal(names, []string{"web1", "web2"}) || !gone() {
			t.Errorf("names %v after a restart, gone %v", names, gone())
		}
		r.login("web2", 1)
		r.later()
		r.wantLogins(map[string]int64{"web1": 4, "web2": 9})
		if gone() {
			t.Error("a file that is back is still gone")
		}
		r.want(map[string]int64{"web1": 30})
	})
}

// Where the name that the stars make changes, what was read goes with it.
func TestL07ARenamedPatternOfLoginsReadsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRack(t)
		r.ofLogins(r.dir + "/*/auth.log")
		r.login("web1", 3)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.ofLogins(r.dir + "/*/auth.log")
		inner := r.group.New
		r.group.New = func(file string, parts []string) (FileReader, error) {
			reader, err := inner(file, parts)
			reader.(*LoginReader).Name += ".example.org"
			return reader, err
		}
		r.login("web1", 1)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		r.wantLogins(map[string]int64{"web1.example.org": 4})
	})
}
