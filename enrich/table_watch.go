package enrich

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"friendlyfire/store"
)

// watched is how the file of a table stands. Only one goroutine uses it.
type watched struct {
	taken    tableFile // that the table is a copy of
	last     tableFile // when it was last looked at
	judged   tableFile // that was taken or refused last
	examined bool
	trouble  store.TableTrouble
}

// settled is how long a file must have been left alone to be taken at once: it may still be copied.
const settled = 2 * time.Second

// Refresh takes the table's file if it has changed, is complete and is left alone by now. If it cannot be used, the
// table stays as it is, and Trouble says why. It looks at the file's properties alone as long as these do not change.
func (t *Table) Refresh() {
	if t.path == "" {
		return
	}
	if !t.examined {
		t.judged, t.examined = t.taken, true
		damage, err := examine(t.db)
		t.trouble.Damaged = cmp.Or(damage, reason(err))
	}
	now, err := statTable(t.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		now = tableFile{size: -1} // it cannot even be looked at
	}
	again := now == t.last
	t.last = now
	if now == t.judged {
		return
	}
	if rested := time.Since(time.Unix(0, now.modified)); !again && (now.size <= 0 || rested < settled) {
		return
	}
	t.judged = now
	if now == t.taken {
		t.trouble.Refused = "" // it is there again
		return
	}
	t.trouble.Refused = reason(t.take())
}

// Trouble returns what is wrong with the table's file, as of the last Refresh.
func (t *Table) Trouble() store.TableTrouble { return t.trouble }

func reason(err error) string {
	if err == nil {
		return ""
	}
	return store.Clean(err.Error(), 200)
}

// take takes the table's file as it is now. After an error the table is what it was.
func (t *Table) take() error {
	c, err := copyTable(t.path)
	if err != nil {
		return err
	}
	damage, err := examine(c.db)
	if err != nil {
		return errors.Join(err, c.db.Close())
	}
	t.taken, t.trouble.Damaged = c.from, damage
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.db
	t.db, t.id = c.db, c.id
	return old.Close()
}

// examine reads all records, and returns how many of them are damaged, "" if none is. Its error is that too much is.
func examine(db *maxminddb.Reader) (damage string, err error) {
	whole, damaged := 0, 0
	for result := range db.Networks() {
		if result.Err() != nil {
			return "", fmt.Errorf("its search tree is damaged: %w", result.Err())
		}
		if _, wrong := country(result); wrong != nil {
			damaged++
			err = cmp.Or(err, wrong)
		} else {
			whole++
		}
		if leaves := uint(whole + damaged); leaves > db.Metadata.NodeCount+1 { //nolint:gosec // they are counted up
			return "", errors.New("its search tree is damaged: it leads in circles")
		}
	}
	switch {
	case damaged > whole:
		return "", fmt.Errorf("%d of its %d records are damaged: %w", damaged, damaged+whole, err)
	case damaged > 0:
		return fmt.Sprintf("%d of its %d records cannot be read", damaged, damaged+whole), nil
	}
	return "", nil
}
