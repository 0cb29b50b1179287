package ingest

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
	"friendlyfire/store/storetest"
)

// archive is a file of logins in a directory of its own, with a database beside.
type archive struct {
	t      testing.TB
	path   string
	store  *store.Store
	reader *LoginReader
}

func newArchive(t testing.TB) *archive {
	t.Helper()
	s := storetest.New(t, filepath.Join(t.TempDir(), "friendlyfire.db"))
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "auth.log"), store: s}
	a.restart()
	return a
}

func (a *archive) restart() {
	a.reader = &LoginReader{
		Store: a.store, Name: "web1", Source: Local{a.path}, Zone: time.UTC, MaxAge: time.Hour, Next: func() {},
	}
}

func (a *archive) append(path, text string) {
	a.t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) step() {
	a.t.Helper()
	if err := a.reader.Step(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) state() store.LoginStatus {
	a.t.Helper()
	all, err := a.store.LoginSources(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	st := all["web1"]
	sum := st.Logins
	for _, n := range st.Kinds {
		sum += n
	}
	if sum != st.Lines {
		a.t.Errorf("%d lines, and %d are accounted for: %+v", st.Lines, sum, st)
	}
	return st
}

// knows checks that the logins of these numbers are known, and that there were as many.
func (a *archive) knows(from, to int) {
	a.t.Helper()
	if n := a.state().Logins; n != int64(to-from) {
		a.t.Errorf("%d logins, want %d", n, to-from)
	}
	for n := from; n < to; n++ {
		l, err := a.store.LoginsOf(a.t.Context(), store.Ban{Address: loginIP(n).String(), Time: time.Now()}, 48*time.Hour)
		if err != nil || l.Latest().At.IsZero() {
			a.t.Errorf("login %d is not known, %v", n, err)
		}
	}
}

func loginIP(n int) netip.Addr { return netip.AddrFrom4([4]byte{81, 240, byte(n >> 8), byte(n)}) }

// loginsFrom returns lines of logins, among lines of failures.
func loginsFrom(from, to int) string {
	var b strings.Builder
	at := time.Now().UTC().Add(-2 * time.Minute).Format(time.RFC3339)
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "%s web1 sshd[%d]: Failed password for root from 203.0.113.9 port %d ssh2\n", at, n, n)
		fmt.Fprintf(&b, "%s web1 sshd[%d]: Accepted password for anna from %s port %d ssh2\n", at, n, loginIP(n), n)
	}
	return b.String()
}

// Logins are followed as bans are: through rotation in its usual forms, and restarts.
func TestR19LoginsAreFollowedThroughRotation(t *testing.T) {
	for name, rotate := range map[string]func(a *archive){
		"rename": func(a *archive) {
			a.append(a.path, loginsFrom(10, 15))
			if err := os.Rename(a.path, a.path+".1"); err != nil {
				a.t.Fatal(err)
			}
			a.append(a.path, loginsFrom(15, 20))
		},
		"rename by date": func(a *archive) {
			if err := os.Rename(a.path, a.path+"-20261127"); err != nil {
				a.t.Fatal(err)
			}
			a.append(a.path, loginsFrom(10, 20))
		},
		"rename and compress": func(a *archive) {
			a.append(a.path, loginsFrom(10, 15))
			text, err := os.ReadFile(a.path)
			if err != nil {
				a.t.Fatal(err)
			}
			f, err := os.Create(a.path + ".1.gz")
			if err != nil {
				a.t.Fatal(err)
			}
			w := gzip.NewWriter(f)
			_, err = w.Write(text)
			if err := errors.Join(err, w.Close(), f.Close(), os.Remove(a.path)); err != nil {
				a.t.Fatal(err)
			}
			a.append(a.path, loginsFrom(15, 20))
		},
		"copytruncate": func(a *archive) {
			text, err := os.ReadFile(a.path)
			if err == nil {
				err = os.WriteFile(a.path+".1", text, 0o600)
			}
			if err := errors.Join(err, os.Truncate(a.path, 0)); err != nil {
				a.t.Fatal(err)
			}
			a.append(a.path, loginsFrom(10, 20))
		},
		"none": func(a *archive) { a.append(a.path, loginsFrom(10, 20)) },
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %v", name, restart), func(t *testing.T) {
				a := newArchive(t)
				a.append(a.path, loginsFrom(0, 10))
				a.step()
				rotate(a)
				if restart {
					a.restart()
				}
				a.step()
				a.step()
				a.knows(0, 20)
			})
		}
	}
}

// A half-written line is no login yet: a shorter address is another one.
func TestR18AnUnfinishedLoginIsNotBelieved(t *testing.T) {
	a := newArchive(t)
	text := loginsFrom(7, 8)
	for i := range len(text) - 1 {
		a.append(a.path, text[i:i+1])
		if i%40 == 0 || i > len(text)-30 {
			a.step()
		}
	}
	if n := a.state().Logins; n != 0 {
		t.Errorf("%d logins of an unfinished line", n)
	}
	a.append(a.path, "\n")
	a.step()
	a.knows(7, 8)
}

// Whenever reading is interrupted, the next reader continues; nothing counts twice.
func TestR01LoginsAreReadOnAfterAKill(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	var b strings.Builder
	for range 3 {
		b.WriteString(strings.Repeat(loginsFrom(0, 300), 100))
	}
	a.append(a.path, b.String())
	batches := 0
	for round := 0; ; round++ {
		a.restart()
		ctx, cancel := context.WithCancel(t.Context())
		a.reader.Progress = func(Progress) { batches++; cancel() }
		err := a.reader.Step(ctx)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || round > 10 {
			t.Fatal(err)
		}
	}
	if st := a.state(); st.Logins != 90_000 || st.Lines != 180_000 || batches < 4 {
		t.Errorf("%d logins of %d lines in %d batches", st.Logins, st.Lines, batches)
	}
}

// Files that are no logs cost nothing but their lines, which are counted.
func TestLoginsOfOtherFilesAreCountedAsSuch(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		kind string
	}{
		"CSV":          {strings.Repeat("2026-11-27,10:01:01,198.51.100.7,sshd,5\n", 50), store.Continued},
		"fail2ban.log": {strings.Repeat("2026-11-27 10:01:01,120 fail2ban.actions        [900]: NOTICE  [sshd] Ban 198.51.100.7\n", 50), store.OtherFail2Ban},
		"binary":       {strings.Repeat("\x00\x01\x02\xff\xfe\n", 50), string(errControl)},
		"long lines":   {strings.Repeat(strings.Repeat("x", 100<<10)+"\n", 50), string(errLong)},
		"other logs":   {strings.Repeat("Nov 27 10:01:01 web1 kernel: x\n", 50), store.OtherProgram},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			a.append(a.path, test.text)
			a.step()
			if st := a.state(); st.Kinds[test.kind] != 50 || st.Logins != 0 {
				t.Errorf("%+v, want 50 of %q", st, test.kind)
			}
			p, err := a.reader.Peek(t.Context())
			if err != nil || p.Last != nil || p.Lines == 0 && name != "long lines" {
				t.Errorf("a preview of %+v, %v", p, err)
			}
		})
	}
	a := newArchive(t)
	a.append(a.path, "SQLite format 3\x00"+strings.Repeat("x", 4096))
	if err := a.reader.Step(t.Context()); !errors.Is(err, ErrDatabase) {
		t.Errorf("a database: %v", err)
	}
	if err := os.Remove(a.path); err != nil {
		t.Fatal(err)
	}
	if err := a.reader.Step(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if st := a.state(); !st.Gone() || st.FailingSince.IsZero() {
		t.Errorf("%+v, want that it is gone", st)
	}
	a.append(a.path, loginsFrom(0, 1))
	a.step()
	if st := a.state(); !st.FailingSince.IsZero() || st.Logins != 1 {
		t.Errorf("%+v, want that it can be read", st)
	}
}

// A clock that runs back, and lines in a zone that is not the configured one: a line that was just appended happened
// now.
func TestT03LoginsInAnotherZone(t *testing.T) {
	a := newArchive(t)
	a.reader.Zone = time.FixedZone("there", 5*3600)
	line := func(at time.Time) string {
		return fmt.Sprintf("%s web1 sshd[1]: Accepted password for anna from %s port 1 ssh2\n",
			at.UTC().Format(time.Stamp), loginIP(1))
	}
	now := time.Now()
	a.append(a.path, line(now.Add(-time.Hour))+line(now.Add(-2*time.Hour))+line(now.Add(-time.Hour)))
	a.step()
	a.append(a.path, line(now))
	a.step()
	if st := a.state(); st.LastLoginAt.Sub(now).Abs() > time.Minute {
		t.Errorf("the last login was at %v, and it is %v", st.LastLoginAt, now)
	}
	z, err := a.store.ObservedLoginZone(t.Context(), "web1")
	if err != nil || z == nil || z.Offset != 0 {
		t.Errorf("%+v, %v", z, err)
	}
}

// hostileLog is a system log of any size, of which nothing is kept.
type hostileLog struct {
	line []byte
	at   int
	left int64
}

func (h *hostileLog) Read(b []byte) (n int, err error) {
	if h.left <= 0 {
		return 0, io.EOF
	}
	n = copy(b, h.line[h.at:])
	h.at, h.left = (h.at+n)%len(h.line), h.left-int64(n)
	return n, nil
}

func (h *hostileLog) Close() error { return nil }

// endless is a source of one such file.
type endless struct {
	line string
	size int64
}

func (e endless) Stat(context.Context) (Info, error) {
	return Info{Name: "auth.log", Size: e.size, Modified: time.Now().UnixNano()}, nil
}
func (endless) Rotated(context.Context) ([]Info, error) { return nil, nil }
func (e endless) Open(context.Context, string) (io.ReadCloser, error) {
	return &hostileLog{line: []byte(e.line), left: e.size}, nil
}

// The memory does not grow with the file, whatever is in it.
func TestR20MemoryOfLoginsIsFlat(t *testing.T) {
	const size = 100 << 20
	at := time.Now().UTC().Format(time.RFC3339)
	for name, line := range map[string]string{
		"one login":      at + " web1 sshd[1]: Accepted password for anna from 81.240.1.1 port 4711 ssh2\n",
		"names of 10 KB": at + " web1 sshd[1]: Accepted password for " + strings.Repeat("x", 10<<10) + " from 81.240.1.1 port 4711 ssh2\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			a.reader.Source = endless{line, size}
			var most uint64
			var m runtime.MemStats
			a.reader.Progress = func(Progress) {
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			runtime.GC()
			runtime.ReadMemStats(&m)
			before := m.HeapAlloc
			a.step()
			if grown := int64(most) - int64(before); grown > 96<<20 { //nolint:gosec // it fits
				t.Errorf("%d MB more for a file of %d MB", grown>>20, size>>20)
			}
			if st := a.state(); st.Logins < size/(11<<10) {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A system log as one finds it: failures, sessions, other programs, and a login in every twenty lines.
func systemLog(w io.Writer, size int64) error {
	out := bufio.NewWriterSize(w, 1<<20)
	at := time.Now().Add(-24 * time.Hour).UTC()
	for n, written := 0, int64(0); written < size; n++ {
		stamp, ip := at.Add(time.Duration(n)*10*time.Millisecond).Format(time.Stamp), loginIP(n%500)
		line := fmt.Sprintf("%s web1 sshd[%d]: Failed password for invalid user admin from 203.0.113.9 port %d ssh2\n", stamp, n, n%60000)
		switch n % 20 {
		case 3:
			line = fmt.Sprintf("%s web1 sshd[%d]: Accepted publickey for anna from %s port %d ssh2: ED25519 SHA256:iVLq\n", stamp, n, ip, n%60000)
		case 7, 8, 9:
			line = fmt.Sprintf("%s web1 CRON[%d]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n", stamp, n)
		case 12:
			line = fmt.Sprintf("%s web1 dovecot: imap-login: Login: user=<anna@example.org>, method=PLAIN, rip=%s, lip=192.0.2.1, mpid=%d, TLS, session=<a/b>\n", stamp, ip, n)
		case 15, 16:
			line = fmt.Sprintf("%s web1 postfix/smtpd[%d]: connect from unknown[203.0.113.9]\n", stamp, n)
		}
		m, err := out.WriteString(line)
		if err != nil {
			return err
		}
		written += int64(m)
	}
	return out.Flush()
}

// A first reading of a system log, including the database.
func BenchmarkLogins(b *testing.B) {
	const size = 100 << 20
	path := filepath.Join(b.TempDir(), "auth.log")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(systemLog(f, size), f.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		a := newArchive(b)
		a.reader.Source = Local{path}
		a.step()
	}
}
