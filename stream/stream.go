// Package stream carries what agents read of bans over NATS JetStream to a bot. It knows NATS, how a message is
// written, and which server a subject is of. It does not know what a ban means: package ingest judges what the messages
// say.
//
// The messages of a server have the subject bans.SERVER. Who may publish to it is for NATS to say, so that the subject
// decides of which server a message is. A stream that takes bans.> keeps them, in the order in which they came, and the
// sequence of the last message that was read is to a stream what the offset is to a file.
package stream

import (
	"fmt"
	"strconv"
	"strings"
)

// Subjects are the subjects of all servers.
const Subjects = "bans.>"

// prefix begins the subject of a server.
const prefix = "bans."

// MaxName is how long the name of a server may be, in bytes: 40 characters.
const MaxName = 160

// Subject returns the subject of a server. Its name stands there as it is, where it is made of letters, digits, "-",
// "_" and single dots; other bytes are written as % and two hexadecimal digits: a subject ends at a space, and means
// others by * and >. https://docs.nats.io/nats-concepts/subjects
func Subject(server string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i := range len(server) {
		c := server[i]
		dot := c == '.' && i > 0 && i < len(server)-1 && server[i-1] != '.'
		if isPlain(c) || dot {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// ServerOf returns the server that a subject is of. It reports false for the subject of no server: there is one way to
// write a name.
func ServerOf(subject string) (server string, ok bool) {
	written, ok := strings.CutPrefix(subject, prefix)
	if !ok || written == "" {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(written); i++ {
		if written[i] != '%' {
			b.WriteByte(written[i])
			continue
		}
		if i+2 >= len(written) {
			return "", false
		}
		c, err := strconv.ParseUint(written[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	server = b.String()
	return server, len(server) <= MaxName && Subject(server) == subject
}
