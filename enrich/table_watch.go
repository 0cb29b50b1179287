package enrich

import (
	"cmp"
	"context"
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

// Refresh takes the files of the table that have changed, are complete and are left alone by now. Where one cannot be
// used, the table stays as it is, and Trouble says why. It looks at a file's properties alone as long as these do not
// change. When ctx ends, it leaves the rest for another time.
func (t *Table) Refresh(ctx context.Context) {
	t.countries.refresh(ctx)
	t.systems.refresh(ctx)
}

func (p *part) refresh(ctx context.Context) {
	if p.path == "" {
		return
	}
	if !p.examined {
		damage, err := examine(ctx, p.db, p.field)
		if ctx.Err() != nil {
			return
		}
		p.judged, p.examined = p.taken, true
		p.trouble.Damaged = cmp.Or(damage, reason(err))
	}
	now, err := statTable(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		now = tableFile{size: -1} // it cannot even be looked at
	}
	again := now == p.last
	p.last = now
	if now == p.judged {
		return
	}
	if rested := time.Since(time.Unix(0, now.modified)); !again && (now.size <= 0 || rested < settled) {
		return
	}
	if now == p.taken {
		p.judged, p.trouble.Refused = now, "" // it is there again
		return
	}
	if err := p.take(ctx); ctx.Err() == nil {
		p.judged, p.trouble.Refused = now, reason(err)
	}
}

// Trouble returns what is wrong with the file of countries and that of networks, as of the last Refresh.
func (t *Table) Trouble() (countries, systems store.TableTrouble) {
	return t.countries.troubled(), t.systems.troubled()
}

func (p *part) troubled() store.TableTrouble {
	trouble := p.trouble
	if trouble != (store.TableTrouble{}) {
		trouble.Table = p.name()
	}
	return trouble
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return store.Clean(err.Error(), 200)
}

// take takes the table's file as it is now. After an error the table is what it was.
func (p *part) take(ctx context.Context) error {
	c, err := copyTable(p.path, p.field)
	if err != nil {
		return err
	}
	damage, err := examine(ctx, c.db, p.field)
	if err != nil {
		return errors.Join(err, c.db.Close())
	}
	p.taken, p.trouble.Damaged = c.from, damage
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.db
	p.db, p.id = c.db, c.id
	return old.Close()
}

// examine reads all records, and returns how many of them are damaged, "" if none is. Its error is that too much is.
func examine(ctx context.Context, db *maxminddb.Reader, f field) (damage string, err error) {
	whole, damaged := 0, 0
	for result := range db.Networks() {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if result.Err() != nil {
			return "", fmt.Errorf("its search tree is damaged: %w", result.Err())
		}
		if _, wrong := f.in(result); wrong != nil {
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
