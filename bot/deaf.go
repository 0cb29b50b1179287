package bot

import (
	"regexp"
	"strings"

	"friendlyfire/bot/msg"
)

// aCommand finds what a person could type to the bot.
var aCommand = func() *regexp.Regexp {
	var names []string
	for _, c := range CommandList(true) {
		names = append(names, c.Name)
	}
	return regexp.MustCompile(`(?:^|\s)/(?:` + strings.Join(names, "|") + `)(?:[\s,;:)]|\.(?:\s|$)|$)`)
}()

// withoutCommands is a text for where nobody can type commands: without the clauses that propose one. Only what is
// plain is looked at, since foreign text is in code.
func withoutCommands(t msg.Text) msg.Text {
	var out msg.Text
	for _, r := range t {
		for r.Style == msg.Plain {
			found := aCommand.FindStringIndex(r.Text)
			if found == nil {
				break
			}
			r.Text = cutClause(r.Text, found[0])
		}
		if r.Text != "" {
			out = append(out, r)
		}
	}
	return out
}

// cutClause cuts out the clause that holds what is at: from the end of a sentence, a colon or the beginning of the line
// to the end of its sentence or line. A full stop remains if the sentence before it has one.
func cutClause(s string, at int) string {
	start, mark := 0, ""
	for _, m := range []string{". ", ": ", "; ", "\n"} {
		if i := strings.LastIndex(s[:at+1], m); i >= 0 && i >= start {
			start, mark = i, m
		}
	}
	end := len(s)
	if i := strings.IndexAny(s[at+1:], ".\n"); i >= 0 {
		end = at + 1 + i
	}
	before, after := s[:start], s[end:]
	if mark == ". " {
		before += "."
	}
	if mark != ": " && mark != "; " { // else the clause before it ends as this one did
		after = strings.TrimPrefix(after, ".")
	}
	return before + after
}
