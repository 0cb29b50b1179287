package ingest

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func (p *place) importer() *Importer {
	return &Importer{Store: p.store, Name: "web1", Source: Local{}, Zone: time.UTC}
}

func (p *place) importFiles(names ...string) (Imported, error) {
	p.t.Helper()
	infos, err := Named(p.t.Context(), names)
	p.must(err)
	return p.importer().Import(p.t.Context(), infos)
}

// fail2banSchema is what Fail2Ban 1.0 makes.
const fail2banSchema = `CREATE TABLE fail2banDb(version INTEGER);
INSERT INTO fail2banDb VALUES (4);
CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, lastfilepos INTEGER DEFAULT 0,
	FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE, UNIQUE(jail, path), UNIQUE(jail, path, firstlinemd5));
CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
	bancount INTEGER NOT NULL default 1, data JSON, FOREIGN KEY(jail) REFERENCES jails(name));
CREATE INDEX bans_jail_timeofban_ip ON bans(jail, timeofban);
CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
	bancount INTEGER NOT NULL default 1, data JSON, PRIMARY KEY(ip, jail), FOREIGN KEY(jail) REFERENCES jails(name));`

// fail2banDatabase makes a database.
func fail2banDatabase(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range slices.Concat([]string{"BEGIN", fail2banSchema}, statements, []string{"COMMIT"}) {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err, s)
		}
	}
}

// The database says more than a log does. It is not written to.
func TestImportOfFail2BansDatabase(t *testing.T) {
	p := newPlace(t)
	path := filepath.Join(filepath.Dir(p.path), "fail2ban.sqlite3")
	fail2banDatabase(t, path, `INSERT INTO bans VALUES
		('sshd', '192.0.2.1', 1795773661, 600, 2, '{"matches":["Failed a","Failed b"],"failures":5}'),
		('sshd', '192.0.2.2', 1795773662, -2, 1, CAST('{"matches":[["x","y"," z"]],"failures":3}' AS BLOB)),
		('sshd', '192.0.2.3', 1795773663, -1, 1, 'nonsense'),
		('sshd', NULL, 1795773664, 600, 1, NULL),
		('sshd', '192.0.2.5', 17, 600, 1, NULL)`, `INSERT INTO bips VALUES
		('192.0.2.1', 'sshd', 1795773661, 600, 2, '{}'), ('192.0.2.6', 'sshd', 1795773670, 600, 1, '{}')`)
	before, err := os.ReadFile(path)
	p.must(err)
	stat, err := os.Stat(path)
	p.must(err)
	got, err := p.importFiles(path)
	p.must(err)
	if got.Lines != 6 || got.Bans != 4 || got.New != 4 || got.Rejects["no address"] != 1 ||
		got.Rejects["year before 2000 or after 2099"] != 1 || len(got.Gaps) != 0 {
		t.Errorf("%+v", got)
	}
	bans, err := p.store.LatestBans(t.Context(), 10)
	p.must(err)
	for _, b := range bans {
		switch b.Address {
		case "192.0.2.1":
			if b.Failures != 5 || b.BanTime != 600 || b.BanCount != 2 || b.Matches != "Failed a\nFailed b" {
				t.Errorf("%+v", b)
			}
		case "192.0.2.2":
			if b.Failures != 3 || b.BanTime != 0 || b.Matches != "xy z" {
				t.Errorf("%+v", b)
			}
		case "192.0.2.3":
			if b.BanTime != -1 {
				t.Errorf("%+v", b)
			}
		}
	}
	after, err := os.ReadFile(path)
	p.must(err)
	now, err := os.Stat(path)
	p.must(err)
	files, err := filepath.Glob(path + "*")
	p.must(err)
	if !bytes.Equal(before, after) || !now.ModTime().Equal(stat.ModTime()) || len(files) != 1 {
		t.Errorf("the database was touched: %v", files)
	}
}

// A database of Fail2Ban before 0.11, half of one, and what is none of Fail2Ban's.
func TestImportOfOtherDatabases(t *testing.T) {
	p := newPlace(t)
	dir := filepath.Dir(p.path)
	old, strange, cut := filepath.Join(dir, "old"), filepath.Join(dir, "strange"), filepath.Join(dir, "cut")
	run := func(path string, statements ...string) {
		db, err := sql.Open("sqlite", "file:"+path)
		p.must(err)
		defer db.Close()
		for _, s := range statements {
			_, err := db.ExecContext(t.Context(), s)
			p.must(err)
		}
	}
	run(old, "CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, data JSON)",
		"INSERT INTO bans VALUES ('sshd', '192.0.2.1', 1795773661, '{}')")
	run(strange, "CREATE TABLE other(x)")
	text, err := os.ReadFile(old)
	p.must(err)
	p.write(cut, string(text[:len(text)/2]))
	got, err := p.importFiles(old, strange, cut)
	p.must(err)
	if got.New != 1 || len(got.Gaps) != 2 {
		t.Errorf("%+v", got)
	}
	p.write(filepath.Join(dir, "old.xz"), packed(t, ".xz", string(text)))
	if got, err := p.importFiles(filepath.Join(dir, "old.xz")); err != nil || got.Bans != 1 || got.New != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// witness is a ban as one file tells it.
type witness struct {
	at      int64
	address string
	jail    string
}

func (w witness) log() string {
	return time.Unix(w.at, 0).UTC().Format("2006-01-02 15:04:05") + ",123 fail2ban.actions        [812]: NOTICE  [" +
		w.jail + "] Ban " + w.address + "\n"
}

func (w witness) csv() string {
	at := time.Unix(w.at, 0).UTC()
	return fmt.Sprintf("%s,%s,%s,5,600,1,%d\n", at.Format("2006-01-02,15:04:05"), w.address, w.jail, w.at)
}

// One history, told by a live log, its rotated files, a CSV file and the database, each of which has a part of it, in
// whatever order and however often: each ban counts once.
func TestImportCountsEachBanOnce(t *testing.T) {
	lives := 25
	if testing.Short() {
		lives = 4
	}
	for life := range lives {
		seed := uint64(life)
		random := rand.New(rand.NewPCG(seed, 5))
		p := newPlace(t)
		p.path = filepath.Join(filepath.Dir(p.path), "fail2ban.log")
		p.source = Local{p.path}
		p.restart()
		dir := filepath.Dir(p.path)
		var all []witness
		at := time.Now().Add(-90 * time.Minute).Unix() // some are news
		for n := range 40 + random.IntN(100) {
			at += random.Int64N(60)
			all = append(all, witness{at, ip(n % 30), []string{"sshd", "postfix"}[n%2]})
			at += 3 // an address is banned by a jail again, but not within two seconds
		}
		var logs []string // of the whole history, cut somewhere
		cuts := []int{0, random.IntN(len(all)), random.IntN(len(all)), len(all)}
		slices.Sort(cuts)
		for n := range 3 {
			var b strings.Builder
			for _, w := range all[cuts[n]:cuts[n+1]] {
				b.WriteString(w.log())
			}
			logs = append(logs, b.String())
		}
		csv, inserts := richHeader, []string{}
		for _, w := range all {
			if random.IntN(3) > 0 {
				c := w
				c.at -= random.Int64N(2)
				csv += c.csv()
			}
			if random.IntN(3) > 0 {
				inserts = append(inserts, fmt.Sprintf("INSERT INTO bans VALUES ('%s', '%s', %d, 600, 1, '{}')", w.jail,
					w.address,
					w.at+random.Int64N(2)))
			}
		}
		files := []string{
			p.path + ".2.xz", p.path + ".1", filepath.Join(dir, "all.csv.zst"), filepath.Join(dir, "fail2ban.sqlite3"),
		}
		p.write(files[0], packed(t, ".xz", logs[0]))
		p.write(files[1], logs[1])
		p.write(files[2], packed(t, ".zst", csv))
		fail2banDatabase(t, files[3], inserts...)
		p.write(p.path, logs[2])
		actions := []func(){p.step, func() { p.restart(); p.step() }, func() {
			got, err := p.importFiles(p.path)
			p.must(err)
			if len(got.Gaps) > 0 {
				t.Error(got)
			}
		}}
		for range 2 {
			random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			some := 1 + random.IntN(len(files))
			for _, group := range [][]string{slices.Clone(files[:some]), slices.Clone(files[some:])} {
				actions = append(actions, func() {
					got, err := p.importFiles(group...)
					p.must(err)
					if len(got.Gaps) > 0 {
						t.Error(got)
					}
				})
			}
		}
		random.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
		for _, act := range actions {
			act()
		}
		cursor, err := p.store.Cursor(t.Context(), "web1")
		p.must(err)
		if cursor.Offset != int64(len(logs[2])) {
			t.Errorf("the source was read to %d, want %d", cursor.Offset, len(logs[2]))
		}
		if s := p.status(); s.Bans != int64(len(all)) {
			t.Errorf("%d bans, want %d", s.Bans, len(all))
		}
		stored, err := p.store.LatestBans(t.Context(), 1000)
		p.must(err)
		for _, w := range all {
			near := 0
			for _, b := range stored {
				if d := b.Time.Unix() - w.at; b.Address == w.address && b.Jail == w.jail && d >= -1 && d <= 1 {
					near++
				}
			}
			if near != 1 {
				t.Errorf("%d bans of %+v", near, w)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		p.store.Close()
	}
	t.Attr("reached", fmt.Sprintf("%d histories in parts, in random order: each ban once", lives))
}

// A ban that is imported before the live source comes to it is still news there.
func TestImportSwallowsNoAlert(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+fmt.Sprintf("2026-11-22,14:05:09,192.0.2.9,sshd,5,600,1,%d\n", time.Now().Unix()))
	_, err := p.importFiles(p.path)
	p.must(err)
	undecided, err := p.store.Undecided(t.Context(), 0, 10)
	p.must(err)
	if len(undecided) != 0 {
		t.Fatal("history made news")
	}
	for range 2 {
		p.restart()
		p.step()
		if undecided, err = p.store.Undecided(t.Context(), 0, 10); err != nil || len(undecided) != 1 {
			t.Fatalf("%d bans are news, want 1; %v", len(undecided), err)
		}
	}
	if s := p.status(); s.Bans != 1 {
		t.Errorf("%d bans", s.Bans)
	}
}

// Oldest first, however the arguments come; what was read is not offered again.
func TestUnreadRotatedFilesAreOffered(t *testing.T) {
	p := newPlace(t)
	p.write(p.path+".2.gz", packed(t, ".gz", richHeader+rows(numbered, 0, 5)))
	p.write(p.path+".1", richHeader+rows(numbered, 5, 10))
	p.write(p.path, richHeader+rows(numbered, 10, 15))
	p.step()
	m := p.importer()
	m.Source = p.source
	unread, err := m.Unread(t.Context())
	p.must(err)
	if len(unread) != 2 || unread[0].Name != p.path+".2.gz" {
		t.Fatalf("%+v", unread)
	}
	slices.Reverse(unread)
	got, err := m.Import(t.Context(), unread)
	p.must(err)
	if got.New != 10 || got.Files != 2 {
		t.Errorf("%+v", got)
	}
	p.rename(p.path, p.path+".0")
	p.write(p.path, richHeader+rows(numbered, 15, 16))
	p.step()
	if unread, err = m.Unread(t.Context()); err != nil || len(unread) != 0 {
		t.Errorf("%+v, %v", unread, err)
	}
	h, err := p.store.History(t.Context())
	p.must(err)
	if h.Bans != 16 {
		t.Errorf("%+v", h)
	}
}

// numbered is a row of long ago.
func numbered(n int) string { return witness{1795000000 + int64(n)*60, ip(n), "sshd"}.csv() }
