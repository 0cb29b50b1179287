package stream

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Cluster says where NATS is, and how to get in.
type Cluster struct {
	Servers     []string // URLs
	TLS         bool     // connections are encrypted
	Credentials string   // the file of an account's user, .creds, or of the seed of an nkey; "": none
	CA          string   // the file of the authority whose certificates are trusted; "": those that the system trusts
	Name        string   // what the connection is called in the lists of the servers

	// Dial opens connections; nil: in the usual way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Limits of what is waited for. A server that does not answer is given up after two pings.
const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 3 * time.Second
	ackTimeout    = 1500 * time.Millisecond // for the stream to have a message
	aliveTimeout  = 500 * time.Millisecond
	pingEvery     = time.Second
	agentsPing    = 15 * time.Second // thousands ping, and each finds out by what it publishes
	reconnectWait = 250 * time.Millisecond
)

// connect opens a connection, which then finds its way back by itself.
func (c *Cluster) connect(ctx context.Context, more ...nats.Option) (*nats.Conn, error) {
	options := append([]nats.Option{
		nats.Name(c.Name), nats.Timeout(dialTimeout), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(1),
		nats.ReconnectBufSize(-1), // what is not sent is not to be sent later, when it is published again
	}, more...)
	if c.TLS || c.CA != "" {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if c.CA != "" {
			pool, err := authority(c.CA)
			if err != nil {
				return nil, err
			}
			config.RootCAs = pool
		}
		options = append(options, nats.Secure(config))
	}
	if c.Credentials != "" {
		option, user, err := credentials(c.Credentials)
		if err != nil {
			return nil, err
		}
		options = append(options, option, nats.CustomInboxPrefix(Inbox(user)))
	}
	if c.Dial != nil {
		options = append(options, nats.SetCustomDialer(dialer{context.WithoutCancel(ctx), c.Dial}))
	}
	conn, err := nats.Connect(strings.Join(c.Servers, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("NATS at %s: %w", c.String(), err)
	}
	return conn, nil
}

// String returns the servers.
func (c *Cluster) String() string { return strings.Join(c.Servers, ",") }

// authority reads certificates that are trusted.
func authority(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

// Inbox begins the subjects by which the servers answer a user, who is named by the public part of his key. The usual
// ones are the same for all: whoever may hear his own answers by them may hear those of everybody else.
func Inbox(user string) string { return "_INBOX_" + user }

// credentials returns how to log in, and as whom: with a user's file, which holds a token and a seed, or with a seed
// alone.
func credentials(file string) (option nats.Option, user string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	key, err := nkeys.ParseDecoratedNKey(text)
	if err == nil {
		defer key.Wipe()
		user, err = key.PublicKey()
	}
	if err == nil && !nkeys.IsValidPublicUserKey(user) {
		err = nkeys.ErrIncompatibleKey
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s holds no credentials of NATS", file) // the error of the library might quote it
	}
	if bytes.Contains(text, []byte("BEGIN NATS USER JWT")) {
		return nats.UserCredentials(file), user, nil
	}
	option, err = nats.NkeyOptionFromSeed(file)
	return option, user, err
}

// dialer is how the library wants to dial.
type dialer struct {
	ctx  context.Context //nolint:containedctx // the library passes none
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, dialTimeout)
	defer cancel()
	return d.dial(ctx, network, address)
}
