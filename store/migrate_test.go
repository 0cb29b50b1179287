package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// migrationScripts returns the migrations in order.
func migrationScripts(t *testing.T) (all []string) {
	t.Helper()
	names, err := migrationFiles()
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for i, name := range names {
		if want := fmt.Sprintf("%04d_", i+1); filepath.Base(name)[:5] != want {
			t.Fatalf("migration %s, want one of number %s", name, want)
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// writer opens the database's only connection.
func writer(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := open(path, writeOptions)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, script string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
}

// ofSchema makes a database as a release with that schema left it, with the data of testdata/schema-N.sql. Schema 0 is
// a database without tables.
func ofSchema(t *testing.T, version int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "friendlyfire.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := registerFunctions(); err != nil {
		t.Fatal(err)
	}
	db := writer(t, path)
	for i, script := range migrationScripts(t)[:version] {
		run(t, db, fmt.Sprintf("BEGIN; %s; PRAGMA user_version = %d; COMMIT", script, i+1))
	}
	if version > 0 {
		data, err := os.ReadFile(fmt.Sprintf("testdata/schema-%d.sql", version))
		if err != nil {
			t.Fatalf("%v: every schema that a release had needs data to be migrated", err)
		}
		run(t, db, "BEGIN; "+string(data)+"; COMMIT")
	} else {
		run(t, db, "CREATE TABLE t (a); DROP TABLE t")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// testedSchemas returns the schemas for which there is test data, and must be for all but the present one.
func testedSchemas(t *testing.T) (versions []int) {
	t.Helper()
	for version := 1; version <= len(migrationScripts(t)); version++ {
		_, err := os.Stat(fmt.Sprintf("testdata/schema-%d.sql", version))
		if version < len(migrationScripts(t)) || err == nil {
			versions = append(versions, version)
		}
	}
	return versions
}

// dump returns everything in a database: its schema, and the rows of every table.
func dump(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	var tables []string
	const objects = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"
	for _, row := range query(t, db, objects) {
		all = append(all, fmt.Sprint(row))
		if row[0] == "table" {
			tables = append(tables, row[1].(string))
		}
	}
	all = append(all, fmt.Sprint(query(t, db, "PRAGMA user_version")))
	for _, table := range tables {
		for _, row := range query(t, db, "SELECT * FROM "+table) {
			all = append(all, table+" "+fmt.Sprint(row))
		}
	}
	return all
}

func query(t *testing.T, db *sql.DB, text string) (all [][]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// schema returns the schema, as SQL and column by column.
func schema(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	for _, text := range []string{
		"PRAGMA user_version",
		"SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
		`SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
			FROM sqlite_schema m, pragma_table_xinfo(m.name) c
			WHERE m.type = 'table' ORDER BY m.name, c.cid`,
		`SELECT m.name, l.name, l."unique", l.origin, l.partial, c.seqno, c.name, c.desc
			FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) c
			WHERE m.type = 'table' ORDER BY m.name, l.name, c.seqno`,
		`SELECT m.name, k."from", k."table", k."to", k.on_delete FROM sqlite_schema m, pragma_foreign_key_list(m.name) k
			WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq`,
	} {
		for _, row := range query(t, db, text) {
			all = append(all, fmt.Sprintf("%q", row))
		}
	}
	return all
}

func TestMigratedSchemaIsThatOfANewDatabase(t *testing.T) {
	want := schema(t, openBans(t).w)
	for _, version := range append([]int{0}, testedSchemas(t)...) {
		s, err := Open(t.Context(), ofSchema(t, version))
		if err != nil {
			t.Fatalf("from schema %d: %v", version, err)
		}
		if diff := cmp.Diff(want, schema(t, s.w)); diff != "" {
			t.Errorf("from schema %d (-new +migrated):\n%s", version, diff)
		}
		for _, text := range []string{
			"PRAGMA foreign_key_check", "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
		} {
			if wrong := query(t, s.w, text); len(wrong) > 0 {
				t.Errorf("from schema %d, %s: %v", version, text, wrong)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMigratedDataAreAnswered(t *testing.T) {
	for _, version := range testedSchemas(t) {
		t.Run(fmt.Sprint("from schema ", version), func(t *testing.T) {
			path := ofSchema(t, version)
			for range 2 { // a second start migrates nothing, and finds the same
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				checkAnswers(t, s)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			checkWrites(t, s)
		})
	}
}

// checkAnswers reads everything that testdata/schema-N.sql contains.
func checkAnswers(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	now := at(1795349000)
	telegram, discord := Chat{"telegram", "-1001"}, Chat{"discord", "300000000000000001"}
	equal := func(what string, want, got any, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}

	total, err := s.Totals(ctx, Window{})
	equal("totals", Count{Bans: 10, Friendly: 3}, total, err)
	total, err = s.Totals(ctx, Window{From: at(1795262400), To: at(1795348800)})
	equal("totals of a day", Count{Bans: 6, Friendly: 2}, total, err)
	all := Count{"", 10, 7, 3}
	counts, err := s.ByCountry(ctx, Window{}, true)
	equal("by country", Counts{all, []Count{
		{"", 4, 3, 0},
		{"BE", 2, 1, 2},
		{"US", 2, 1, 0},
		{"DE", 1, 1, 0},
		{"NL", 1, 1, 1},
	}}, counts, err)
	counts, err = s.BySystem(ctx, Window{}, true) // they are looked up again
	equal("by system", Counts{all, []Count{{"", 10, 7, 3}}}, counts, err)
	counts, err = s.ByJail(ctx, Window{}, true)
	equal("by jail", Counts{all, []Count{{"sshd", 5, 3, 2}, {"", 3, 2, 0}, {"nginx-http-auth", 2, 2, 1}}}, counts, err)
	counts, err = s.BySource(ctx, Window{}, true)
	equal("by source", Counts{all, []Count{{"web1", 7, 5, 3}, {"web2", 3, 2, 0}}}, counts, err)
	counts, err = s.ByBin(ctx, []Bin{{"first", Window{To: at(1795000000)}}, {"then", Window{From: at(1795000000)}}},
		true)
	equal("by bin", Counts{all, []Count{{"first", 3, 3, 1}, {"then", 7, 6, 2}}}, counts, err)
	span, err := s.Span(ctx)
	equal("span", Window{at(1794000000), at(1795348801)}, span, err)
	unknown, err := s.Unknown(ctx, Window{})
	equal("unknown", 1, unknown, err)
	endless, err := s.Endless(ctx, Window{})
	equal("endless", int64(3), endless, err)
	shares, err := s.Shares(ctx, Window{From: at(1795000000)})
	equal("shares", map[string]Share{
		"sshd": {"sshd", 3, 1, 1, at(1795345200)}, "nginx-http-auth": {
			"nginx-http-auth", 1, 1, 1,
			at(1795345200),
		}, "": {"", 3, 0, 0, at(1795262400)},
	}, shares, err)

	undecided, err := s.Undecided(ctx, 0, 10)
	equal("undecided", []string{"198.51.100.9", "host.example.org"}, texts(undecided), err)
	friendly, err := s.FriendlyBans(ctx, Window{}, 10, 0)
	equal("friendly", []string{"203.0.113.70", "203.0.113.7", "203.0.113.7"}, texts(friendly), err)
	bans, err := s.BansOf(ctx, "203.0.113.7", 10)
	if err != nil || len(bans) != 2 {
		t.Fatal(bans, err)
	}
	if err := s.Recall(ctx, &bans[0]); err != nil {
		t.Error(err)
	}
	equal("a ban", EnrichedBan{
		Ban: Ban{
			4, "web1", at(1795348000), true, "203.0.113.7", "sshd", 5, 7200, 2,
			"Failed password for anna from 203.0.113.7 port 22 ssh2", "", false, 0,
		},
		Public: true, Located: true, Answered: true, Table: "BE", Whois: "BE", Country: "BE", Friendly: true,
		Network: "203.0.113.0/24", NetworkName: "EXAMPLE-NET", Before: 1, LastBefore: at(1794000000), Lately: 1, LatelySince: at(1794000000),
	}, bans[0], nil)
	history, err := s.History(ctx)
	equal("history", History{
		UpTo: 3, Bans: 1, From: at(1794000120), To: at(1794000120),
		Sources: []string{"web1", "web2", "web3"}, Reading: true,
	}, history, err)

	cursor, err := s.Cursor(ctx, "web1")
	equal("cursor", Cursor{
		2,
		[]byte{1, 2, 3, 4},
		[]byte{10, 11, 12, 13},
		5000, 5000, 1795348800000000000, 60, false,
		"DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES", at(1795348800),
	}, cursor, err)
	sources, err := s.Sources(ctx)
	equal("sources", []SourceStatus{
		{
			Name: "web1", LastLineAt: at(1795348801), LastBanAt: at(1795348800), Lines: 61, Bans: 7, Rejects: 2,
			Gaps: 1, Losses: map[string]int64{"not told apart": 1}, Offset: 5000, Size: 5000,
			Others: map[string]int64{"not told apart": 52},
			Kinds:  map[string]int64{"bad address": 1, "line too long": 1},
			Sample: []RejectedLine{
				{Reject{40, "line too long"}, at(1795310000)},
				{Reject{17, "bad address"}, at(1795300000)},
			},
		},
		{
			Name: "web2", LastLineAt: at(1795262401), LastBanAt: at(1795262400),
			FailingSince: at(1795340000), Error: "no such file",
			Lines: 11, Bans: 3, Offset: 300, Size: 300,
			Others: map[string]int64{"not told apart": 8},
		},
		{Name: "web3", FailingSince: at(1795340000), Error: "permission denied"},
	}, sources, err)
	originals, err := s.Originals(ctx)
	equal("originals", []string{"web2"}, originals, err)

	due, err := s.Due(ctx, telegram, now, "", 10)
	equal("due to Telegram", []Notice{
		{ID: 2, Key: "ban/towjds-l8b71b5opm", Chat: telegram, Body: `{"text":[{"text":"waits"}]}`, CreatedAt: at(1795348001)},
		{
			ID: 3, Key: "ban/towjgk-0sho0o4983", Chat: telegram, Body: `{"text":[{"text":"may have arrived"}]}`,
			CreatedAt: at(1795348101), Nonce: "NONCE3", MaybeSent: true,
		},
	}, due, err)
	due, err = s.Due(ctx, discord, now, "", 10)
	equal("due to Discord", []Notice{{
		ID: 5, Key: "ban/towjgk-0sho0o4983", Chat: discord, Body: `{"text":[{"text":"alone"}]}`, CreatedAt: at(1795348101),
		Alone: true,
	}}, due, err)
	posted, err := s.Posted(ctx, "digest/2026-11-22", discord)
	equal("posted", true, posted, err)
	chat, err := s.ChatStatus(ctx, telegram)
	equal("chat", ChatStatus{
		telegram, "-100200", at(1794000201), 1,
		time.Time{},
		at(1795348101), "no answer", at(1795348200), 2,
		at(1795348001), 0,
	}, chat, err)
	chat, err = s.ChatStatus(ctx, discord)
	equal("chat", ChatStatus{Chat: discord, SentAt: at(1795340000), Waiting: 2, Oldest: at(1795348001), Dead: 1},
		chat, err)

	networks, err := s.Networks(ctx, time.Time{}, netip.MustParseAddr("203.0.113.70"),
		netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("192.0.2.1"))
	equal("networks", []string{"EXAMPLE-PART", "EXAMPLE-NET", ""},
		[]string{networks[0].Name, networks[1].Name, networks[2].Name}, err)
	registries, err := s.Registries(ctx)
	equal("registries", map[string]Registry{
		"whois.ripe.net": {Server: "whois.ripe.net", Spaced: time.UnixMilli(1795260003000), Day: 20778, Asked: 3},
		"whois.arin.net": {
			"whois.arin.net", time.UnixMilli(1795260009000), 20778, 1,
			time.Time{},
			at(1795350000), 2, 1,
			"query limit reached",
			time.Time{},
		},
	}, registries, err)
	route, err := s.Route(ctx, netip.MustParseAddr("203.0.113.7"))
	equal("route", "whois.apnic.net", route, err)
	known, err := s.Known(ctx, "192.0.2.1")
	equal("known", Known{ID: 5, Table: "DE", Asks: 2, AskAfter: at(1795360000), Bans: 1}, known, err)
	unlocated, err := s.Unlocated(ctx, 10)
	equal("unlocated", []Address{{7, "host.example.org"}}, unlocated, err)
	born, err := s.CreatedAt(ctx)
	equal("born", at(1793900000), born, err)
}

func texts(all []EnrichedBan) (texts []string) {
	for _, g := range all {
		texts = append(texts, g.Address)
	}
	return texts
}

// checkWrites continues to work with what testdata/schema-N.sql contains.
func checkWrites(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	known := Ban{Time: time.Unix(1795348800, 0), HasEpoch: true, Address: "198.51.100.9", Jail: "sshd"}
	fresh := Ban{Time: time.Unix(1795349000, 0), HasEpoch: true, Address: "203.0.113.7", Jail: "sshd"}
	added, err := s.AddBans(ctx, Batch{
		Source: "web1", Cursor: Cursor{Generation: 2, Offset: 6000}, Bans: []Ban{known, fresh}, Lines: 2,
		ReadAt: fresh.Time, NewsSince: fresh.Time.Add(-time.Hour),
	})
	if err != nil || added != 1 {
		t.Errorf("%d bans added, %v, want the one that is new", added, err)
	}
	// The answer for which a ban waits makes it undecided again.
	q := WhoisQuery{ID: 5, Addr: netip.MustParseAddr("192.0.2.1")}
	n := Network{
		Prefix: netip.MustParsePrefix("192.0.2.0/24"), Country: "BE", Name: "EXAMPLE",
		Server: "whois.ripe.net", AnsweredAt: fresh.Time,
	}
	if err := s.Answer(ctx, q, []Network{n}); err != nil {
		t.Error(err)
	}
	if err := s.Recover(ctx); err != nil {
		t.Error(err)
	}
	undecided, err := s.Undecided(ctx, 0, 10)
	if want := []string{"192.0.2.1", "198.51.100.9", "host.example.org", "203.0.113.7"}; err != nil ||
		!slices.Equal(texts(undecided), want) {
		t.Errorf("undecided %q, %v, want %q", texts(undecided), err, want)
	}
	counts, err := s.ByCountry(ctx, Window{}, true)
	if diff := cmp.Diff(Counts{
		Count{"", 11, 7, 5},
		[]Count{{"", 4, 3, 0}, {"BE", 4, 2, 4}, {"US", 2, 1, 0}, {"NL", 1, 1, 1}},
	}, counts); err != nil || diff != "" {
		t.Errorf("by country, %v (-want +got):\n%s", err, diff)
	}
}

// A migration that fails at its last step leaves the database as it was, and is done when it can be.
func TestMigrationIsDoneWholeOrNotAtAll(t *testing.T) {
	creates := regexp.MustCompile(`(?m)^CREATE (TABLE|INDEX|UNIQUE INDEX|VIEW) (\w+)`)
	for version, script := range migrationScripts(t) {
		all := creates.FindAllStringSubmatch(script, -1)
		if len(all) == 0 {
			t.Logf("schema %d creates nothing that could be in its way", version+1)
			continue
		}
		path := ofSchema(t, version)
		db := writer(t, path)
		run(t, db, "CREATE TABLE "+all[len(all)-1][2]+" (in_the_way)")
		before := dump(t, db)
		err := errors.Join(registerFunctions(), migrate(t.Context(), path))
		if err == nil || Corruption(path, err) != nil {
			t.Errorf("from schema %d, with something in the way: %v", version, err)
		}
		if diff := cmp.Diff(before, dump(t, db)); diff != "" {
			t.Errorf("from schema %d, with something in the way (-before +after):\n%s", version, diff)
		}
		run(t, db, "DROP TABLE "+all[len(all)-1][2])
		checkMigrates(t, db, path, version)
	}
}

// checkMigrates closes the database of that schema, migrates it, and reads its test data.
func checkMigrates(t *testing.T, db *sql.DB, path string, version int) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if version > 0 {
		checkAnswers(t, s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A process that is killed during a migration leaves the old database, whatever it has written of the new one.
func TestMigrationSurvivesAKill(t *testing.T) {
	for version, script := range migrationScripts(t) {
		path := ofSchema(t, version)
		db := writer(t, path)
		run(t, db, "PRAGMA cache_size = 1") // pages are written before the commit
		before := dump(t, db)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.ExecContext(t.Context(), fmt.Sprintf("%s; PRAGMA user_version = %d", script, version+1))
		if err != nil {
			t.Fatal(err)
		}
		image := filepath.Join(t.TempDir(), "friendlyfire.db")
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if len(content) == 0 {
				t.Errorf("schema %d: nothing is written before the commit", version)
			}
			if err := os.WriteFile(image+suffix, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		killed := writer(t, image)
		if diff := cmp.Diff(before, dump(t, killed)); diff != "" {
			t.Errorf("schema %d, killed (-before +after):\n%s", version, diff)
		}
		checkMigrates(t, killed, image, version)
	}
}

func TestNewerDatabaseIsRefusedAndLeftAsItIs(t *testing.T) {
	path := ofSchema(t, 1)
	own := len(migrationScripts(t))
	pragma(t, path, fmt.Sprint("PRAGMA user_version = ", own+1))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	newer, ok := errors.AsType[*NewerError](err)
	if !ok || newer.Version != own+1 || newer.Own != own || newer.Path != path {
		t.Errorf("%v, %v, want a NewerError", s, err)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(before, after) {
		t.Errorf("it was changed, %v", err)
	}
}

// A message with a picture that waits from before pictures were counted is tried with it, and may be sent in words
// then.
func TestPicturesOfOldAreCounted(t *testing.T) {
	path := ofSchema(t, 5)
	db := writer(t, path)
	run(t, db, `INSERT INTO notices (id, key, platform, chat, body, created_at, sent_at) VALUES
		(101, 'digest/2026-11-23', 'telegram', '7', '{"text":[],"chart":{"by":"country"}}', 1795349000, NULL),
		(102, 'digest/2026-11-24', 'telegram', '7', '{"text":[],"chart":{"by":"country"}}', 1795349000, 1),
		(103, 'ban/9', 'telegram', '7', '{"text":[{"text":"\"chart\":{"}]}', 1795349000, NULL),
		(104, 'ban/10', 'telegram', '7', 'what nobody can read', 1795349000, NULL)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := query(t, s.w, "SELECT id FROM notices WHERE uploads > 0")
	if want := [][]any{{int64(101)}}; !cmp.Equal(got, want) {
		t.Errorf("with pictures: %v, want %v", got, want)
	}
}
