// Package sample holds the bans that a real Fail2Ban wrote when it met addresses from public lists of attackers. It
// does not know what reads them.
package sample

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"time"
)

// Bans is the content of bans.csv, in the format that the action in deploy/fail2ban writes.
//
//go:embed bans.csv
var Bans []byte

// Moved returns Bans moved by whole days, as if the last of them had been in the day before now. Their time of day
// stays.
func Moved(now time.Time) []byte {
	lines := bytes.SplitAfter(Bans, []byte("\n"))
	last, _ := epoch(lines[len(lines)-2]) // nothing follows the last newline
	days := int64(now.Sub(time.Unix(last, 0)) / (24 * time.Hour))
	var moved bytes.Buffer
	for _, line := range lines {
		at, ok := epoch(line)
		if !ok { // the header
			moved.Write(line)
			continue
		}
		// DATE,TIME,IP_ADDRESS,…,EPOCH
		date, rest, _ := bytes.Cut(line, []byte{','})
		day, err := time.Parse(time.DateOnly, string(date))
		if err != nil {
			panic(err) // the file is part of the program
		}
		rest = rest[:bytes.LastIndexByte(rest, ',')+1]
		fmt.Fprintf(&moved, "%s,%s%d\n", day.AddDate(0, 0, int(days)).Format(time.DateOnly), rest, at+days*24*3600)
	}
	return moved.Bytes()
}

// epoch returns the last column of a line, in unix seconds; false: that is no number.
func epoch(line []byte) (at int64, ok bool) {
	at, err := strconv.ParseInt(string(bytes.TrimSpace(line[bytes.LastIndexByte(line, ',')+1:])), 10, 64)
	return at, err == nil
}
