package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"friendlyfire/bot/msg"
)

// redact says why a request failed in words that hold nothing of the request: an error of the network names the host,
// its addresses or the URL, any of which may be the secret.
func redact(err error) string {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		op      *net.OpError
		refused *RefusedAddressError
		network net.Error
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(err, &dns):
		return "name resolution fails"
	case errors.As(err, &cert):
		return "x509: " + certificateFault(cert.Err)
	case errors.As(err, &record):
		return "tls: the server speaks another protocol"
	case errors.As(err, &op) && op.Op == "remote error", strings.HasPrefix(err.Error(), "tls: "):
		return "tls: the handshake fails: is the server's TLS older than 1.2?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "stopped meanwhile: context canceled"
	case errors.As(err, &errno): // the text of the system
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "connection closed by the server (EOF)"
	}
	return "the connection fails"
}

// certificateFault says what is wrong with a certificate, without the names in it.
func certificateFault(err error) string {
	var (
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate has expired or is not yet valid"
	case errors.As(err, &host):
		return "certificate is for another host"
	case errors.As(err, &unknown):
		return "certificate signed by unknown authority"
	}
	return "certificate is not accepted"
}

// RefusedAddressError is a server whose address is one that nothing is sent to.
type RefusedAddressError struct{ Reason string }

func (e *RefusedAddressError) Error() string { return e.Reason }

// longest bounds the time that an answer may ask to wait for.
const longest = 7 * 24 * time.Hour

// RetryAfter returns how long an answer asks to wait, in seconds or until a date: RFC 9110, section 10.2.3. A date is
// read by the clock of the server, if the answer has one. It is at most a week, and 0 if the answer does not say.
func RetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, longest.Seconds())*1000+0.999) * time.Millisecond
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), longest)
}

// minProbe and maxProbe bound the backoff between posts to a chat that refuses them.
const (
	minProbe = time.Minute
	maxProbe = 15 * time.Minute
)

// Refusals counts how often a chat has refused in a row. It is not safe for concurrent use.
type Refusals struct{ row int }

// Learn takes the outcome of a post into account. A *msg.NotSentError that leaves open when to try again, after an
// answer, gets a time that grows from one refusal to the next.
func (r *Refusals) Learn(err error) {
	no, unsent := errors.AsType[*msg.NotSentError](err)
	switch {
	case err == nil:
		r.row = 0
	case unsent && !no.Unreached && !no.Unknown:
		no.After = max(no.After, min(minProbe<<min(r.row, 10), maxProbe))
		r.row++
	}
}
