// Package sample holds a file of bans that a real Fail2Ban wrote when it met addresses from public lists of attackers.
package sample

import _ "embed"

// Bans is the file: bans.csv beside this one, in the form that the action of deploy/fail2ban writes.
//
//go:embed bans.csv
var Bans []byte
