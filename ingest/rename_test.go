package ingest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"friendlyfire/store"
)

// called makes a new reader of the same file under another name. Configured are it and the others.
func (p *place) called(name string, others ...string) {
	p.restart()
	p.reader.Name, p.reader.Configured = name, slices.Concat(others, []string{name})
}

// A source that is renamed in the configuration is the same source: nothing is read again, and nothing is news again.
func TestR33ARenamedSourceKeepsItsHistory(t *testing.T) {
	t.Parallel()
	const n = 41
	for name, c := range map[string]struct {
		row    func(int) string
		header string
		during func(p *place)
		want   int
	}{
		"as it was":       {seedRow, seedHeader, func(*place) {}, n},
		"one line":        {seedRow, seedHeader, nil, 1},
		"with an epoch":   {richRow, richHeader, func(*place) {}, n},
		"grown meanwhile": {seedRow, seedHeader, func(p *place) { p.append(p.path, seedRow(n)) }, n + 1},
		"rotated meanwhile": {seedRow, seedHeader, func(p *place) {
			p.append(p.path, seedRow(n))
			p.rename(p.path, p.path+".1")
			p.write(p.path, seedHeader+seedRow(n+1))
		}, n + 2},
		"not readable at first": {seedRow, seedHeader, func(p *place) {
			p.rename(p.path, p.path+".away")
			if err := p.reader.Step(p.t.Context()); err == nil {
				p.t.Error("no error without the file")
			}
			p.rename(p.path+".away", p.path)
		}, n},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			first := n
			if c.during == nil {
				first = 1
			}
			p.write(p.path, c.header+rows(c.row, 0, first))
			p.called("web1")
			p.step()
			p.must(p.store.SetValue(t.Context(), "health/source/web1", "since"))
			p.called("web one")
			if c.during != nil {
				c.during(p)
			}
			p.step()
			p.step()
			p.want(ips(0, c.want)...)
			if s := p.status(); s.Name != "web one" || s.Bans != int64(c.want) || s.Gaps > 0 {
				t.Errorf("%s has %d bans and %d gaps, want web one with %d", s.Name, s.Bans, s.Gaps, c.want)
			}
			if v, err := p.store.Value(t.Context(), "health/source/web one"); err != nil || v != "since" {
				t.Errorf("what was told of it is %q (%v)", v, err)
			}
			// And back again.
			p.called("web1")
			p.append(p.path, c.row(c.want))
			p.step()
			p.want(ips(0, c.want+1)...)
			p.status()
		})
	}
}

// Another source is another source: one that is still configured, one with another file, one of which only a header is
// known.
func TestR33AnotherSourceIsNoRenamedOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after string
		others        []string
	}{
		"still configured": {seedHeader + rows(seedRow, 0, 9), seedHeader + rows(seedRow, 0, 9), []string{"web1"}},
		"another file":     {seedHeader + rows(seedRow, 0, 9), seedHeader + rows(seedRow, 1, 10), nil},
		"a header":         {seedHeader, seedHeader + rows(seedRow, 0, 9), nil},
		"shorter":          {seedHeader + rows(seedRow, 0, 9), seedHeader + rows(seedRow, 0, 8), nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, c.before)
			p.called("web1")
			p.step()
			p.write(p.path, c.after)
			p.called("web2", c.others...)
			p.step()
			all, err := p.store.Sources(t.Context())
			if err != nil || len(all) != 2 || all[0].Name != "web1" || all[1].Name != "web2" || all[1].Bans == 0 {
				t.Errorf("%+v (%v), want two sources", all, err)
			}
		})
	}
}

// A source is not renamed to one that has bans of its own, such as imported ones: theirs would be lost.
func TestR33NoSourceReplacesAnother(t *testing.T) {
	p := newPlace(t)
	bans := func(source string) store.Batch {
		return store.Batch{
			Source: source, Lines: 1, Cursor: store.Cursor{Head: []byte{1}, Tail: []byte{1}, Offset: 1, Size: 1},
			Bans:   []store.Ban{{Time: time.Now(), Address: ip(1), Jail: "sshd", HasEpoch: true}},
			ReadAt: time.Now(),
		}
	}
	_, err := p.store.AddBans(t.Context(), bans("web1"))
	_, err2 := p.store.AddBans(t.Context(), bans("web2"))
	p.must(errors.Join(err, err2))
	if renamed, err := p.store.RenameSource(t.Context(), "web1", "web2"); err != nil || renamed {
		t.Errorf("renamed: %t (%v)", renamed, err)
	}
	if renamed, err := p.store.RenameSource(t.Context(), "web3", "web4"); err != nil || renamed {
		t.Errorf("renamed what is not there: %t (%v)", renamed, err)
	}
}
