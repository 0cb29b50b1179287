// Package sample holds the bans that a real Fail2Ban wrote when it met addresses from public lists of attackers. It
// does not know what reads them.
package sample

import _ "embed"

// Bans is the content of bans.csv, in the format that the action in deploy/fail2ban writes.
//
//go:embed bans.csv
var Bans []byte
