package config

import (
	"fmt"
	"strings"
)

// Error says what is wrong with a configuration: all of its mistakes, in the order of their lines.
type Error struct{ Mistakes []Mistake }

// Error returns the mistakes, one per line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Mistake is one thing to mend. It never shows a secret, and no more of the file than a short wrong value.
type Mistake struct {
	File string
	Line int    // from 1; 0 if the mistake is on no line
	Key  string // such as "telegram.chats[2]", the second of the list; "" for the whole file
	Text string // what is wrong, and what is expected
}

// String returns "file:line: key: text", without the parts that there are not.
func (m Mistake) String() string {
	place := m.File
	if m.Line > 0 {
		place = fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	if m.Key == "" {
		return place + ": " + m.Text
	}
	return place + ": " + m.Key + ": " + m.Text
}
