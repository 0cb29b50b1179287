package ingest

import (
	"bytes"
	"regexp"

	"friendlyfire/store"
)

// banLine is what Fail2Ban 0.9 and later writes to its own log when it bans:
//
//	2026-11-22 14:05:09,123 fail2ban.actions        [12345]: NOTICE  [sshd] Ban 203.0.113.7
//
// The first number in brackets is its process id. "Restore Ban" repeats an old ban after a restart, "Increase Ban"
// prolongs one and "Unban" lifts it: none of them is a new ban.
var banLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:[,.]\d+)? ` +
	`fail2ban\.actions\s*(?:\[\d+\])?: NOTICE\s+\[([^]]+)\] Ban (.*)$`)

// parseLog parses a line of fail2ban.log. For lines about anything else the error is errNoBan.
func (p *parser) parseLog(line []byte) (b store.Ban, err error) {
	if !bytes.Contains(line, []byte("] Ban ")) {
		return b, errNoBan
	}
	m := banLine.FindSubmatch(line)
	if m == nil {
		return b, errNoBan
	}
	if bytes.Contains(m[4], []byte(" fail2ban.")) {
		return b, errUnfinished // two lines in one
	}
	if b.Address = p.cache.get(m[4], address); b.Address == "" {
		return b, errAddress
	}
	b.Jail = p.cache.get(m[3], cleanJail)
	b.Time, err = p.clock.read(m[1], m[2])
	return b, err
}
