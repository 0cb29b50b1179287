package bot

import (
	"strconv"

	"friendlyfire/bot/msg"
)

// pageNumber is the page that an argument names.
func pageNumber(arg string) (n int, ok bool) {
	for _, r := range arg {
		if r < '0' || r > '9' || n > 1_000_000 {
			return 0, false
		}
		n = 10*n + int(r-'0')
	}
	return n, n > 0
}

// pages ends a page of a list with the way to the next one and back.
func pages(t msg.Text, command string, page int, rest int64, what string) msg.Message {
	m := msg.Message{Text: t}
	var row []msg.Button
	if page > 1 {
		row = append(row, msg.Button{Label: "Back", Command: command + " " + strconv.Itoa(page-1)})
	}
	if rest > 0 {
		next := command + " " + strconv.Itoa(page+1)
		m.Text = append(m.Text,
			msg.Run{Text: "\n… and " + number(rest) + " " + what + ": "}, msg.Run{Text: next, Style: msg.Code})
		row = append(row, msg.Button{Label: "More", Command: next})
	}
	if row != nil {
		m.Buttons = [][]msg.Button{row}
	}
	return m
}
