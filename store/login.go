package store

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Login is one that succeeded.
type Login struct {
	Time    time.Time
	Address netip.Addr // of the public Internet, without a zone, IPv4-mapped as IPv4
	Service string     // "sshd", "imap", "smtp": one of few
	Name    string     // of the user, "" if it is not known; only a hash of it is kept
}

// LoginBatch is what was read from a file of logins in one go.
type LoginBatch struct {
	Source    string
	Cursor    Cursor // how far the file has been read with this batch
	Logins    []Login
	Lines     int            // consumed, including logins
	Rejects   map[string]int // lines that could not be read, by reason
	Others    map[string]int // lines that are no logins, by kind
	Gaps      int            // files of which lines may be missing
	ReadAt    time.Time      // when it was read
	NewsSince time.Time      // bans from then on are news
}

// AddLogins saves a batch and its cursor, in one transaction. Of bans that came within Friends.Logins after one of
// these logins and were read before them, the addresses become friendly, and those that are news undecided again:
// reopened is their number. A login that is known already adds nothing.
func (s *Store) AddLogins(ctx context.Context, b LoginBatch) (reopened int64, err error) {
	err = s.writeAhead(ctx, b.Cursor.Offset < b.Cursor.Size, func(tx *sql.Tx) error {
		kept, err := b.hours(ctx, tx)
		if err != nil {
			return err
		}
		if err := saveLoginCursor(ctx, tx, b); err != nil || len(kept) == 0 {
			return err
		}
		if err := insertLogins(ctx, tx, kept); err != nil {
			return err
		}
		reopened, err = befriend(ctx, tx, kept, b.NewsSince.Unix())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("keep logins of %s: %w", b.Source, err)
	}
	return reopened, nil
}

// loginHour is a row of logins.
type loginHour struct {
	loginKey
	hour        int64
	service     string
	name        string // hashed
	first, last int64
}

// loginKey is how an address is looked up: by network, which is the whole address of IPv4 and the /64 of IPv6. A
// machine chooses the rest of an IPv6 address by itself, and changes it every day (RFC 8981).
type loginKey struct{ network, host string }

func keyOf(a netip.Addr) loginKey {
	raw := a.AsSlice()
	n := min(len(raw), 8)
	return loginKey{string(raw[:n]), string(raw[n:])}
}

// hours returns the batch's logins as rows, in the order of the table's key, without those of purged days. A login that
// is later than any of its source was never purged, however far a purge went by a clock that was wrong.
func (b *LoginBatch) hours(ctx context.Context, tx *sql.Tx) ([]loginHour, error) {
	if len(b.Logins) == 0 {
		return nil, nil
	}
	purged, err := purgedBefore(ctx, tx)
	if err != nil {
		return nil, err
	}
	var latest int64
	err = tx.QueryRowContext(ctx, "SELECT coalesce(max(latest), 0) FROM login_sources WHERE name = ?", b.Source).Scan(&latest)
	if err != nil {
		return nil, err
	}
	purged = min(purged, latest+1)
	hash, err := newLoginHash(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows := make([]loginHour, 0, len(b.Logins))
	for _, l := range b.Logins {
		if t := l.Time.Unix(); t >= purged {
			rows = append(rows, loginHour{keyOf(l.Address), floor(t, hourSeconds), l.Service, string(hash.of(l.Name)), t, t})
		}
	}
	slices.SortFunc(rows, func(a, b loginHour) int {
		return cmp.Or(cmp.Compare(a.network, b.network), cmp.Compare(a.hour, b.hour), cmp.Compare(a.host, b.host),
			cmp.Compare(a.service, b.service), cmp.Compare(a.name, b.name))
	})
	merged := rows[:0]
	for _, r := range rows {
		if n := len(merged) - 1; n >= 0 && merged[n].sameAs(r) {
			merged[n].first, merged[n].last = min(merged[n].first, r.first), max(merged[n].last, r.last)
		} else {
			merged = append(merged, r)
		}
	}
	return merged, nil
}

func (h loginHour) sameAs(o loginHour) bool {
	h.first, h.last = o.first, o.last
	return h == o
}

func insertLogins(ctx context.Context, tx *sql.Tx, rows []loginHour) error {
	var args []any
	return inChunks(ctx, tx, rows, `INSERT OR FAIL INTO logins (network, hour, host, service, name, first, last) VALUES %s
		ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
		WHERE excluded.first < first OR excluded.last > last`, "(?,?,?,?,?,?,?)",
		func(statement *sql.Stmt, rows []loginHour) error {
			args = args[:0]
			for _, r := range rows {
				args = append(args, []byte(r.network), r.hour, []byte(r.host), r.service, []byte(r.name), r.first, r.last)
			}
			_, err := statement.ExecContext(ctx, args...)
			return err
		})
}

// loginHash hashes the names of users. It is keyed, with a random key of each database: without one, the hash of a name
// would be the same everywhere, so that it could be looked up in a list, and compared with that of another server.
type loginHash []byte

const loginKeyName = "logins/key" // the key in meta, in hexadecimal

// newLoginHash returns the hash with the database's key, which is made when it is first needed.
func newLoginHash(ctx context.Context, tx *sql.Tx) (loginHash, error) {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	var text string
	err := tx.QueryRowContext(ctx, `INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value
		RETURNING value`, loginKeyName, hex.EncodeToString(key)).Scan(&text)
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}

// of returns the first 8 bytes of the name's HMAC-SHA256: enough for names not to be mistaken for one another. Of no
// name it is empty.
func (h loginHash) of(name string) []byte {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return []byte{}
	}
	mac := hmac.New(sha256.New, h)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:8]
}

// LoggedIn returns those of the names that have logged in, from anywhere. Case does not matter. It is one query.
func (s *Store) LoggedIn(ctx context.Context, names []string) (map[string]bool, error) {
	key, err := s.Value(ctx, loginKeyName)
	if err != nil || key == "" || len(names) == 0 {
		return nil, err
	}
	hash, err := hex.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("value of %s: %w", loginKeyName, err)
	}
	hashes := make([]string, len(names))
	for i, name := range names {
		hashes[i] = hex.EncodeToString(loginHash(hash).of(name))
	}
	list, err := json.Marshal(hashes)
	if err != nil {
		return nil, err
	}
	rows, err := s.r.QueryContext(ctx, `SELECT n.key FROM json_each(?) n
		WHERE n.value <> '' AND EXISTS (SELECT 1 FROM logins WHERE name = unhex(n.value))`, string(list))
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, single[int])
	known := make(map[string]bool, len(found))
	for _, i := range found {
		known[names[i]] = true
	}
	return known, err
}

// saveLoginCursor records how far a file of logins has been read, and counts its lines.
func saveLoginCursor(ctx context.Context, tx *sql.Tx, b LoginBatch) error {
	c, latest, rejects := b.Cursor, int64(0), 0
	for _, l := range b.Logins {
		latest = max(latest, l.Time.Unix())
	}
	counts := map[string]int{}
	for reason, n := range b.Rejects {
		rejects += n
		counts[reason] += n
	}
	for kind, n := range b.Others {
		counts[kind] += n
	}
	last := int64(0)
	if !c.LastTime.IsZero() {
		last = c.LastTime.Unix()
	}
	read := int64(0)
	if b.Lines > 0 {
		read = b.ReadAt.Unix()
	}
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO login_sources (name) VALUES (?)
		ON CONFLICT DO UPDATE SET name = name RETURNING id`, b.Source).Scan(&id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE login_sources SET generation = ?, head = ?, tail = ?, offset = ?, size = ?,
			modified = ?, line = ?, skipping = ?, columns = ?, last_time = ?, lines = lines + ?, logins = logins + ?,
			latest = max(latest, ?), rejects = rejects + ?, gaps = gaps + ?, last_line_at = max(last_line_at, ?) WHERE id = ?`,
		c.Generation, c.Head, c.Tail, c.Offset, c.Size, c.Modified, c.Line, c.Skipping, c.Columns, last,
		b.Lines, len(b.Logins), latest, rejects, b.Gaps, read, id)
	if err != nil {
		return err
	}
	for kind, n := range counts {
		_, err := tx.ExecContext(ctx, `INSERT INTO login_lines (source_id, kind, lines) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET lines = lines + excluded.lines`, id, kind, n)
		if err != nil {
			return err
		}
	}
	return nil
}

// LoginCursor returns how far the file of logins has been read.
func (s *Store) LoginCursor(ctx context.Context, source string) (Cursor, error) {
	return s.cursor(ctx, "login_sources", source)
}

// LoginsFailed is SourceFailed for a file of logins.
func (s *Store) LoginsFailed(ctx context.Context, source, reason string, at time.Time) error {
	return s.failed(ctx, "login_sources", source, reason, at)
}

// LoginsFailingSince is FailingSince for a file of logins.
func (s *Store) LoginsFailingSince(ctx context.Context, source string) (time.Time, error) {
	return s.failingSince(ctx, "login_sources", source)
}

// LoginStatus is the state of a file of logins.
type LoginStatus struct {
	Name         string
	LastLineAt   time.Time        // when its last line was read; zero: never
	LastLoginAt  time.Time        // the time of its latest login; zero: none
	FailingSince time.Time        // since when it cannot be read; zero: it can
	Error        string           // why it cannot be read
	Lines        int64            // read in total
	Logins       int64            // among them
	Rejects      int64            // lines that could not be read
	Gaps         int64            // files of which lines may be missing
	Offset, Size int64            // of the current file, in bytes
	Kinds        map[string]int64 // lines that are no logins, by kind or by what is wrong with them
}

// Gone reports whether it cannot be read because its file does not exist.
func (s *LoginStatus) Gone() bool { return strings.HasPrefix(s.Error, NoFile) }

// LoginSources returns the state of every file of logins that has been read, by name.
func (s *Store) LoginSources(ctx context.Context) (map[string]LoginStatus, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT name, last_line_at, latest, failing_since, error, lines, logins, rejects,
		gaps, offset, size FROM login_sources`)
	if err != nil {
		return nil, fmt.Errorf("state of the logins: %w", err)
	}
	all := map[string]LoginStatus{}
	_, err = collect(rows, func(rows *sql.Rows) (none struct{}, err error) {
		var st LoginStatus
		var line, login, failing int64
		err = rows.Scan(&st.Name, &line, &login, &failing, &st.Error, &st.Lines, &st.Logins, &st.Rejects, &st.Gaps,
			&st.Offset, &st.Size)
		st.LastLineAt, st.LastLoginAt, st.FailingSince = fromUnix(line), fromUnix(login), fromUnix(failing)
		st.Kinds = map[string]int64{}
		all[st.Name] = st
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("state of the logins: %w", err)
	}
	kinds, err := s.r.QueryContext(ctx, "SELECT s.name, l.kind, l.lines FROM login_lines l JOIN login_sources s ON s.id = l.source_id")
	if err != nil {
		return nil, fmt.Errorf("state of the logins: %w", err)
	}
	_, err = collect(kinds, func(rows *sql.Rows) (none struct{}, err error) {
		var name, kind string
		var n int64
		err = rows.Scan(&name, &kind, &n)
		all[name].Kinds[kind] = n
		return none, err
	})
	return all, err
}

// purgeLogins deletes some of the logins before the day, few enough that a ban that arrives meanwhile does not wait
// long.
func purgeLogins(ctx context.Context, tx *sql.Tx, day int64) (int64, error) {
	deleted, err := tx.ExecContext(ctx, `DELETE FROM logins WHERE (network, hour, host, service, name) IN
		(SELECT network, hour, host, service, name FROM logins WHERE hour < ? LIMIT 20000)`, day)
	if err != nil {
		return 0, err
	}
	n, err := deleted.RowsAffected()
	return n, errors.Join(err, markDirty(ctx, tx, deleted))
}

// purgeLoginsOf deletes the logins of the addresses that no ban names.
func purgeLoginsOf(ctx context.Context, tx *sql.Tx) error {
	var some bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM logins)").Scan(&some); err != nil || !some {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT text FROM addresses WHERE id NOT IN (SELECT address_id FROM bans)")
	if err != nil {
		return err
	}
	gone, err := collect(rows, single[string])
	if err != nil {
		return err
	}
	for _, text := range gone {
		a, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		k := keyOf(a)
		_, err = tx.ExecContext(ctx, "DELETE FROM logins WHERE network = ? AND host = ?", []byte(k.network), []byte(k.host))
		if err != nil {
			return err
		}
	}
	return nil
}
