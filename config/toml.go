package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// node is a value in a TOML document, with its line.
//
// The decoders of TOML libraries stop at the first mistake, and quote the lines around it. The library's parser, whose
// package is called unstable because its API may change, gives the positions of all values.
type node struct {
	name  string // the whole key: source[2].every is that of the second source
	line  int
	kind  unstable.Kind // Table for tables of every form, ArrayTable for [[name]]
	text  string        // of a scalar: as it is written, but a string without its quotes
	items []*node       // of an Array or ArrayTable
	keys  []string      // of a Table, in the order of the document
	table map[string]*node
}

// parse reads a document and returns its root table. It returns nil if the syntax is wrong: then that is the one
// mistake.
func (r *reader) parse(data []byte) *node {
	p := &unstable.Parser{}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p.Reset(data)
	r.starts = []uint32{0}
	for i, b := range data {
		if b == '\n' {
			r.starts = append(r.starts, uint32(i)+1) //nolint:gosec // a configuration is small
		}
	}
	root := newTable("", 1)
	for section := root; p.NextExpression() && !r.refused; {
		e := p.Expression()
		parents, key, line := r.splitKey(e)
		switch e.Kind {
		case unstable.Table:
			section = r.header(r.descend(root, parents, line), key, line)
		case unstable.ArrayTable:
			section = r.listHeader(r.descend(root, parents, line), key, line)
		default:
			r.assign(p, section, e)
		}
	}
	if r.refused {
		return nil
	}
	if err, ok := errors.AsType[*unstable.ParserError](p.Error()); ok {
		text := "is no TOML: " + err.Message
		if strings.Contains(text, "start of value") || strings.Contains(text, "newline but got") {
			text += "; text stands in quotes"
		}
		r.mistakeAt(r.lineOf(p.Range(err.Highlight)), "", "%s", text)
		return nil
	}
	return root
}

func newTable(name string, line int) *node {
	return &node{name: name, line: line, kind: unstable.Table, table: map[string]*node{}}
}

// child returns the whole key of a key in the table n.
func (n *node) child(key string) string { return strings.TrimPrefix(n.name+"."+key, ".") }

// Limits of a document, beyond any configuration: how long a whole key may be, in bytes, which also bounds how deep
// values and tables may be within each other; and how many of them there may be.
const (
	maxName = 300
	maxRead = 20_000
)

// admit counts a table or a value, and reports whether the document is still within the limits.
func (r *reader) admit(name string, line int) bool {
	if r.read++; r.refused || len(name) <= maxName && r.read <= maxRead {
		return !r.refused
	}
	r.refused, r.mistakes = true, nil
	if len(name) > maxName {
		r.mistakeAt(line, "", "is no configuration: a key is too long, or nested too deep")
	} else {
		r.mistakeAt(line, "", "is no configuration: it has more than %d values", maxRead)
	}
	return false
}

// add puts c into the table n under the key, and returns it.
func (r *reader) add(n *node, key string, c *node) *node {
	if !r.admit(c.name, c.line) {
		return c
	}
	n.keys = append(n.keys, key)
	n.table[key] = c
	r.lines[c.name] = c.line
	return c
}

// descend follows keys from table to table, into the last of a list of tables, and makes the tables that are missing.
func (r *reader) descend(n *node, keys []string, line int) *node {
	for _, key := range keys {
		if r.refused {
			break
		}
		switch c := n.table[key]; {
		case c == nil:
			n = r.add(n, key, newTable(n.child(key), line))
		case c.kind == unstable.ArrayTable:
			n = c.items[len(c.items)-1]
		case c.kind == unstable.Table:
			n = c
		default:
			r.mistakeAt(line, c.name, "is a value on line %d, so it can be no section", c.line)
			return newTable(c.name, line)
		}
	}
	return n
}

// header returns the table that a [header] opens.
func (r *reader) header(parent *node, key string, line int) *node {
	old := parent.table[key]
	if old == nil || !r.admit(old.name, line) {
		return r.descend(parent, []string{key}, line)
	}
	r.mistakeAt(line, old.name, "is already on line %d", old.line)
	if old.kind == unstable.Table {
		return old
	}
	return newTable(old.name, line)
}

// listHeader returns the new table that a [[header]] adds to its list.
func (r *reader) listHeader(parent *node, key string, line int) *node {
	list := parent.table[key]
	if list == nil {
		list = r.add(parent, key, &node{name: parent.child(key), line: line, kind: unstable.ArrayTable})
	}
	if list.kind != unstable.ArrayTable {
		r.mistakeAt(line, list.name, "is already on line %d, in another form", list.line)
		return newTable(list.name, line)
	}
	item := newTable(fmt.Sprintf("%s[%d]", list.name, len(list.items)+1), line)
	if !r.admit(item.name, line) {
		return item
	}
	list.items = append(list.items, item)
	r.lines[item.name] = line
	return item
}

// assign puts a line "key = value" into the table section.
func (r *reader) assign(p *unstable.Parser, section *node, e *unstable.Node) {
	parents, key, line := r.splitKey(e)
	section = r.descend(section, parents, line)
	c := &node{name: section.child(key), line: line}
	if old := section.table[key]; old != nil && r.admit(c.name, line) {
		r.mistakeAt(line, c.name, "is already on line %d", old.line)
		return
	}
	if r.add(section, key, c); !r.refused {
		r.fill(p, c, e.Value())
	}
}

// fill copies the value v, with all that is in it, into n.
func (r *reader) fill(p *unstable.Parser, n *node, v *unstable.Node) {
	n.kind, n.text = v.Kind, string(v.Data)
	switch v.Kind {
	case unstable.Array:
		for it := v.Children(); it.Next(); {
			item := &node{name: fmt.Sprintf("%s[%d]", n.name, len(n.items)+1), line: n.line}
			if raw := it.Node().Raw; raw.Length > 0 {
				item.line = r.lineOf(raw)
			}
			if !r.admit(item.name, item.line) {
				return
			}
			n.items = append(n.items, item)
			r.lines[item.name] = item.line
			r.fill(p, item, it.Node())
		}
	case unstable.InlineTable:
		n.kind, n.table = unstable.Table, map[string]*node{}
		for it := v.Children(); it.Next() && !r.refused; {
			r.assign(p, n, it.Node())
		}
	case unstable.String:
		if r.holdsToken(n.text) {
			r.mistake(n.name, secretHere)
		}
	}
}

// splitKey splits the dotted key of e before its last part; line is that of the last part.
func (r *reader) splitKey(e *unstable.Node) (parents []string, key string, line int) {
	for it := e.Key(); it.Next(); {
		parents = append(parents, string(it.Node().Data))
		line = r.lineOf(it.Node().Raw)
	}
	last := len(parents) - 1
	return parents[:last], parents[last], line
}

// lineOf returns the line of a part of the document. The parser would count from the start each time.
func (r *reader) lineOf(raw unstable.Range) int {
	line, exact := slices.BinarySearch(r.starts, raw.Offset)
	if exact {
		line++
	}
	return line
}
