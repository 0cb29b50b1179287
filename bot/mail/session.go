package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"friendlyfire/store"
)

const (
	replyLimit  = 15 * time.Second // of a step, until the server has replied
	beforeLimit = 30 * time.Second // of all steps before the message itself

	// textLimit is for the message and the reply to it, before which a server may look for viruses. One that does
	// not get the reply in time sends again: RFC 5321, section 4.5.3.2.6.
	textLimit = time.Minute
)

// session is a connection to the server, on which it knows us. Each message has one of its own. That costs 40 ms with a
// server of this machine (BenchmarkMailToExim), and a second with one far away. One that is kept would mostly have been
// closed by the server meanwhile, and to find that out while sending leaves open whether a message has arrived.
type session struct {
	client *smtp.Client
	conn   net.Conn
	step   step
	stop   func() bool

	deadline time.Time // of all that comes before the message
}

// step is a part of the dialogue, as errors name it.
type step string

// Steps. Each error of the server belongs to one of them.
const (
	connecting  step = "connecting"
	greeting    step = "the connection"
	encrypting  step = "STARTTLS"
	loggingIn   step = "the login"
	sender      step = "the sender" // MAIL FROM
	recipient   step = "the recipient"
	announcing  step = "DATA"
	writing     step = "sending the message"
	message     step = "the message"
	takingLeave step = "QUIT"
)

// begin begins a step, which has this long.
func (s *session) begin(next step, limit time.Duration) {
	s.step = next
	until := time.Now().Add(limit)
	if !s.deadline.IsZero() && s.deadline.Before(until) {
		until = s.deadline
	}
	_ = s.conn.SetDeadline(until) // else the end of ctx is the only bound
}

// close ends the connection, whatever state it is in. A message that was begun is not ended by it.
func (s *session) close() {
	s.stop()
	_ = s.conn.Close()
}

// end ends a session, and returns what the error of its last step comes to. As long as the server replies we take
// leave, which it may leave unanswered: guards of servers count those who do not. Otherwise that would end half a
// message.
func (c *Client) end(s *session, err error) error {
	if err != nil {
		err = c.failure(s.step, err)
	}
	if _, refused := errors.AsType[*refusal](err); err == nil || refused {
		s.deadline = time.Time{}
		s.begin(takingLeave, time.Second)
		_ = s.client.Quit()
	}
	s.close()
	return err
}

// connect opens a connection that is as safe as the configuration asks for, and logs in.
func (c *Client) connect(ctx context.Context) (*session, error) {
	if err := c.logins.blocked(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(beforeLimit)
	dialing, cancel := context.WithTimeout(ctx, replyLimit)
	defer cancel()
	conn, err := c.dial(dialing, "tcp", c.server.address())
	if err != nil {
		return nil, c.failure(connecting, err)
	}
	s := &session{
		conn: &bounded{conn, maxReplies}, deadline: deadline,
		stop: context.AfterFunc(ctx, func() { _ = conn.Close() }),
	}
	if err := c.greet(ctx, s); err != nil {
		s.close()
		return nil, c.failure(s.step, err)
	}
	if err := c.logIn(s); err != nil {
		s.close() // the library has taken leave
		err = c.failure(s.step, err)
		if r, ok := errors.AsType[*refusal](err); ok && r.code/100 == 5 {
			c.Logger(platform).Warn("login refused", "error", r)
			c.logins.refused(r.because())
			return nil, c.logins.blocked()
		}
		return nil, err
	}
	c.logins.accepted()
	return s, nil
}

// greet exchanges greetings, and encrypts the connection where it must be.
func (c *Client) greet(ctx context.Context, s *session) (err error) {
	// Go's own minimum of the version is not left to chance.
	secure := &tls.Config{ServerName: c.server.host, RootCAs: c.roots, MinVersion: tls.VersionTLS12}
	wire := s.conn
	if c.server.tls {
		s.begin(encrypting, replyLimit)
		encrypted := tls.Client(s.conn, secure)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return err
		}
		wire = encrypted
	}
	s.begin(greeting, replyLimit)
	if s.client, err = smtp.NewClient(wire, c.server.host); err != nil {
		return err
	}
	s.client.SkipSMTPUTF8(true) // addresses are ASCII, and headers encoded
	if err := s.client.Hello(ownName(s.conn)); err != nil {
		return err
	}
	if c.server.tls || c.server.local() && !c.needsTLS(s.client) {
		return nil
	}
	s.begin(encrypting, replyLimit)
	if offered, _ := s.client.Extension("STARTTLS"); !offered {
		return errors.New("because the mail server offers no encryption (STARTTLS), or something on the way hides it")
	}
	return s.client.StartTLS(secure)
}

// needsTLS reports whether the server of this machine lets us log in only over TLS. Nobody is on the way to it, and its
// certificate is rarely one to trust, so that it is left alone otherwise.
func (c *Client) needsTLS(server *smtp.Client) bool {
	if c.password.Empty() {
		return false
	}
	login, _ := server.Extension("AUTH")
	secure, _ := server.Extension("STARTTLS")
	return !login && secure
}

// ownName is what we greet with: the address that we come from, as programs without a name of their own in the DNS do.
// RFC 5321, section 4.1.3
func ownName(conn net.Conn) string {
	switch from, ok := conn.LocalAddr().(*net.TCPAddr); {
	case !ok:
		return "localhost"
	case from.IP.To4() != nil:
		return fmt.Sprintf("[%s]", from.IP)
	default:
		return fmt.Sprintf("[IPv6:%s]", from.IP)
	}
}

// logIn logs in, if there is a password. Nobody but the server sees it, so that the oldest ways are as good as any, and
// first: a server may offer newer ones for which it lacks what they need of the user.
func (c *Client) logIn(s *session) error {
	if c.password.Empty() {
		return nil
	}
	s.begin(loggingIn, replyLimit)
	offered, list := s.client.Extension("AUTH")
	if !offered {
		return errors.New("because the mail server offers no login here: try port 587 or 465, or take password_file out")
	}
	password, local := c.password.Reveal(), c.server.local()
	ways := strings.Fields(strings.ToUpper(list))
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"PLAIN", smtp.PlainAuth("", c.user, password, c.server.host, local)},
		{"LOGIN", smtp.LoginAuth(c.user, password, c.server.host, local)},
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(c.user, password)},
		{"SCRAM-SHA-1", smtp.ScramSHA1Auth(c.user, password)},
	} {
		if slices.Contains(ways, way.name) {
			return s.client.Auth(way.auth)
		}
	}
	return errors.New("because the mail server offers no way to log in that we know, only " + store.Clean(list, 100))
}

// maxReplies bounds what the server may say in a session, in bytes.
const maxReplies = 256 << 10

// bounded is a connection on which the other side may say so much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the mail server says more than %d bytes", maxReplies)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
