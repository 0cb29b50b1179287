package mailtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// session is one connection.
type session struct {
	*Server
	raw, conn net.Conn
	text      *textproto.Reader

	number   int
	secured  bool
	loggedIn bool
	greeted  bool
	from, to string
	step     Step
	answer   func() // what the server does without a fault
	ended    bool
	closed   chan struct{}
}

// gone is closed when the client has gone, or the server closes.
func (c *session) gone() <-chan struct{} {
	if c.closed == nil {
		c.closed = make(chan struct{})
		go func() { // ends with the connection
			_, _ = io.Copy(io.Discard, c.text.R)
			close(c.closed)
		}()
	}
	return c.closed
}

func (c *session) alive() bool { return !c.ended }

func (c *session) end() {
	c.ended = true
	_ = c.raw.Close()
}

// say sends lines.
func (c *session) say(lines ...string) {
	if _, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		c.end()
	}
}

func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	s.sessions++
	c := &session{Server: s, raw: conn, conn: conn, number: s.sessions}
	s.mu.Unlock()
	if s.Implicit {
		c.encrypt()
	}
	c.use()
	c.meet("", "", func() { c.say("220 " + Host + " ESMTP") })
	for c.alive() {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		c.command(strings.ToUpper(verb), line, rest)
	}
}

// use reads from the connection as it is now.
func (c *session) use() { c.text = textproto.NewReader(bufio.NewReader(c.conn)) }

func (c *session) encrypt() {
	secure := c.secure(c.raw)
	if err := secure.HandshakeContext(context.Background()); err != nil { // the connection ends with the test
		c.end()
		return
	}
	c.conn, c.secured = secure, true
}

// meet answers a step, or meets its fault.
func (c *session) meet(verb, line string, answer func()) {
	c.step = Step{Session: c.number, Verb: verb, Line: line, To: c.to, Secure: c.secured}
	c.reply(answer)
}

func (c *session) reply(answer func()) {
	c.answer = answer
	if fault := c.fault(c.step); fault != nil {
		fault(c)
		return
	}
	answer()
}

func (c *session) command(verb, line, rest string) {
	switch verb {
	case "EHLO":
		c.meet(verb, line, c.extensions)
	case "HELO":
		c.greeted = true
		c.meet(verb, line, func() { c.say("250 " + Host) })
	case "STARTTLS":
		c.meet(verb, line, func() {
			c.say("220 go ahead")
			c.encrypt()
			c.use()
			c.greeted = false
		})
	case "AUTH":
		c.meet(verb, line, func() { c.logIn(rest) })
	case "MAIL":
		c.meet(verb, line, func() { c.mail(rest) })
	case "RCPT":
		to, ok := path(rest, "TO:")
		c.to = to
		c.meet(verb, line, func() {
			if !ok || c.from == "" {
				c.say("503 5.5.1 MAIL first")
				return
			}
			c.say("250 2.1.5 fine")
		})
	case "DATA":
		c.meet(verb, line, c.data)
	case "QUIT":
		c.meet(verb, line, func() { c.say("221 2.0.0 bye"); c.end() })
	case "RSET", "NOOP":
		c.meet(verb, line, func() { c.say("250 2.0.0 fine") })
	default:
		c.meet(verb, line, func() { c.say("500 5.5.2 what?") })
	}
}

func (c *session) extensions() {
	c.greeted = true
	lines := []string{Host, "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"}
	if !c.Bare && !c.secured {
		lines = append(lines, "STARTTLS")
	}
	if !c.Open && (c.secured || c.Bare) {
		lines = append(lines, "AUTH "+strings.Join(c.ways(), " "))
	}
	if c.Size > 0 {
		lines = append(lines, fmt.Sprintf("SIZE %d", c.Size))
	}
	for i := range lines {
		lines[i] = map[bool]string{true: "250 ", false: "250-"}[i == len(lines)-1] + lines[i]
	}
	c.say(lines...)
}

func (s *Server) ways() []string {
	if s.Ways == nil {
		return []string{"PLAIN", "LOGIN"}
	}
	return s.Ways
}

func (c *session) logIn(rest string) {
	way, first, _ := strings.Cut(rest, " ")
	ask := func(prompt string) string {
		c.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
		line, _ := c.text.ReadLine()
		text, _ := base64.StdEncoding.DecodeString(line)
		return string(text)
	}
	var user, password string
	switch {
	case !slices.Contains(c.ways(), way):
		c.say("504 5.5.4 unknown way")
		return
	case way == "PLAIN":
		text, _ := base64.StdEncoding.DecodeString(first)
		if parts := strings.Split(string(text), "\x00"); len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case hashes[way] != nil:
		if c.scram(hashes[way], ask) {
			user, password = User, Password
		}
	default:
		user, password = ask("Username:"), ask("Password:")
	}
	if user != User || password != Password {
		c.say("535 5.7.8 Error: authentication failed")
		return
	}
	c.loggedIn = true
	c.say("235 2.7.0 welcome")
}

func (c *session) mail(rest string) {
	from, ok := path(rest, "FROM:")
	switch {
	case !ok || !c.greeted:
		c.say("501 5.5.4 syntax")
	case !c.Open && !c.loggedIn:
		c.say("530 5.7.0 log in first")
	case from != From:
		c.say("553 5.7.1 <" + from + ">: Sender address rejected: not owned by user")
	default:
		c.from = from
		c.say("250 2.1.0 fine")
	}
}

// path is the address of a command, and whether there is one.
func path(rest, before string) (address string, ok bool) {
	address, ok = strings.CutPrefix(rest, before)
	address, _, _ = strings.Cut(address, " ")
	address, opened := strings.CutPrefix(address, "<")
	address, closed := strings.CutSuffix(address, ">")
	return address, ok && opened && closed && !strings.ContainsAny(address, "<>\r\n")
}

func (c *session) data() {
	if c.to == "" {
		c.say("503 5.5.1 RCPT first")
		return
	}
	c.say("354 go on")
	raw, err := io.ReadAll(bareLines(c.text))
	if err != nil {
		c.end()
		return
	}
	c.step = Step{Session: c.number, Verb: ".", To: c.to, Body: string(raw), Secure: c.secured}
	c.reply(func() {
		if c.Size > 0 && len(raw) > c.Size {
			c.say("552 5.3.4 too large")
			return
		}
		c.take()
		c.say("250 2.0.0 queued")
	})
}

// bareLines reads a message with its line endings as they travel, of which every one must be CR and LF.
func bareLines(r *textproto.Reader) io.Reader {
	var b bytes.Buffer
	for {
		line, err := r.R.ReadString('\n')
		if text, ended := strings.CutSuffix(line, "\r\n"); err != nil || !ended || strings.Contains(text, "\r") {
			return io.MultiReader(&b, failing{fmt.Errorf("a line that ends badly: %q, %w", line, err)})
		}
		if line == ".\r\n" {
			return &b
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// take keeps the mail of the step.
func (c *session) take() {
	m := parse(c.step.Body)
	m.Session, m.From, m.To, m.Secure, m.Time = c.number, c.from, c.to, c.secured, time.Now()
	c.keep(m)
}
