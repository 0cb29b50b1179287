package bot

import (
	"regexp"
	"strings"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence"
	"friendlyfire/store"
)

// triedNames are the names of users in the log lines that made a ban, each once, in the order of the lines.
func triedNames(matches string) (names []string) {
	for _, n := range evidence.Read(matches).Names {
		names = append(names, n.Text)
	}
	return names
}

// ballast is what stands in front of the message in a log line: date, host, program and its number.
var ballast = regexp.MustCompile(`^(?:<\d+>)?\[?(?:[A-Z][a-z]{2} +\d+ (?:\d{4} )?\d\d:\d\d:\d\d|` +
	`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)\S*\s+(?:\[\w+\] \d+#\d+: (?:\*\d+ )?|` +
	`(?:\S+ )?[\w./-]+(?:\([\w.-]+\))?(?:\[\d+\])?: )?`)

// log is the line that stands most often among the log lines of the ban, the latest of several: without its ballast,
// without the address, which the alert has, and counted.
func (w Words) log(b store.Ban) msg.Text {
	own := regexp.MustCompile(`(?:(?:,? from| by| rhost=)?[\s\[]*)?` + regexp.QuoteMeta(b.Address) +
		`\]?(?: port \d+)?(?: ssh2)?(?: \[preauth\])?`)
	counts := map[string]int{}
	best := ""
	for line := range strings.Lines(strings.TrimSpace(b.Matches)) {
		line = ballast.ReplaceAllString(strings.TrimSpace(line), "")
		line = store.Clean(strings.TrimSpace(own.ReplaceAllString(line, " …")), 200)
		if line == "" {
			continue
		}
		if counts[line]++; counts[line] >= counts[best] {
			best = line
		}
	}
	if best == "" {
		return nil
	}
	t := msg.Text{{Text: w.foreign(best, b.Address), Style: msg.Code}}
	if n := counts[best]; n > 1 {
		t = append(t, msg.Run{Text: " ×" + number(n)})
	}
	return t
}
