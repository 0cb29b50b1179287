package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"friendlyfire/bot/msg"
)

// to makes a request to a host that goes by a secret name, and is where dial says.
func to(t *testing.T, scheme string, dial Dialer) (Answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, scheme+"://canary.example.org/CANARY?CANARY", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return New(dial, func(http.Header) {}).Do(t.Context(), r)
}

// at dials the server, whatever the address.
func at(s *httptest.Server) Dialer {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
}

// Whatever fails, the error says so without naming the host, the path or an address, and whether anything was sent.
func TestS01ErrorsHoldNothingOfTheRequest(t *testing.T) {
	var requests atomic.Int32
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	impostor := httptest.NewUnstartedServer(handler)
	impostor.Config.ErrorLog = log.New(io.Discard, "", 0)
	impostor.StartTLS()
	defer impostor.Close()
	plain := httptest.NewServer(handler)
	defer plain.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	fails := func(err error) Dialer {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	for name, tc := range map[string]struct {
		scheme string
		dial   Dialer
		want   string
		unsent bool
	}{
		"impostor": {"https", at(impostor), "x509: certificate", true},
		"no TLS":   {"https", at(plain), "tls: the server speaks another protocol", true},
		"cut":      {"http", at(cut), "EOF", false},
		"no name": {"http", fails(&net.DNSError{
			Err: "no such host", Name: "canary.example.org", Server: "192.0.2.53:53", IsNotFound: true,
		}), "no such host", true},
		"no server of names": {"http", fails(&net.DNSError{
			Err: "server misbehaving", Name: "canary.example.org", Server: "192.0.2.53:53",
		}), "name resolution fails", true},
		"refused": {"http", fails(&net.OpError{
			Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 443}, Err: syscall.ECONNREFUSED,
		}), "connection refused", true},
		"whatever": {"http", fails(errors.New("proxyconnect tcp: canary.example.org")), "the connection fails", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := to(t, tc.scheme, tc.dial)
			no, unsent := errors.AsType[*msg.NotSentError](err)
			if err == nil || !strings.Contains(err.Error(), tc.want) || unsent != tc.unsent || unsent && !no.Unreached {
				t.Errorf("%v (unsent: %v), want %q (unsent: %v)", err, unsent, tc.want, tc.unsent)
			}
			if err != nil && (strings.Contains(strings.ToLower(err.Error()), "canary") || strings.Contains(err.Error(), "192.0.2")) {
				t.Errorf("the error names the host: %v", err)
			}
		})
	}
	if n := requests.Load(); n > 0 {
		t.Errorf("an impostor got %d requests", n)
	}
}

func TestS11NoRedirectIsFollowedAndNoAnswerIsReadWithoutEnd(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusPermanentRedirect)
		for range 100 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	a, err := to(t, "http", at(s))
	if err != nil || a.Status != http.StatusPermanentRedirect || len(a.Body) != maxAnswer || elsewhere.Load() > 0 {
		t.Errorf("%v, status %d, %d bytes, %d requests elsewhere", err, a.Status, len(a.Body), elsewhere.Load())
	}
}

// A server has to prove that it is the one, by a version of TLS that nobody can break, before it gets anything.
func TestS11AndS12NothingIsSentToAnImpostor(t *testing.T) {
	var requests atomic.Int32
	start := func(config *tls.Config) (*httptest.Server, *x509.CertPool) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
		s.Config.ErrorLog, s.TLS = log.New(io.Discard, "", 0), config
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate()) // for example.com
		return s, roots
	}
	for name, tc := range map[string]struct {
		config *tls.Config
		host   string
		known  bool
		want   string // "": it arrives
	}{
		"the one":         {nil, "example.com", true, ""},
		"nobody knows it": {nil, "example.com", false, "signed by unknown authority"},
		"another's name":  {nil, "canary.example.org", true, "is for another host"},
		"TLS 1.1":         {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "example.com", true, "tls: the handshake"}, //nolint:gosec,lll // what is tested
	} {
		t.Run(name, func(t *testing.T) {
			s, roots := start(tc.config)
			c := New(at(s), func(http.Header) {})
			if tc.known {
				c.transport.TLSClientConfig.RootCAs = roots
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+tc.host+"/CANARY", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			before := requests.Load()
			_, err = c.Do(t.Context(), r)
			arrived := requests.Load() > before
			no, unsent := errors.AsType[*msg.NotSentError](err)
			switch {
			case tc.want == "" && (err != nil || !arrived):
				t.Errorf("%v, arrived: %v", err, arrived)
			case tc.want != "" && (arrived || !unsent || !no.Unreached || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v, arrived: %v; want %q", err, arrived, tc.want)
			}
		})
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	date := time.Now().UTC().Truncate(time.Second)
	for _, tc := range []struct {
		value, date string
		want        time.Duration
	}{
		{"120", "", 2 * time.Minute},
		{"0.376", "", 376 * time.Millisecond},
		{"", "", 0},
		{"soon", "", 0},
		{"-1", "", 0},
		{"NaN", "", 0},
		{"0", "", 0},
		{"1e99", "", longest},
		{"Inf", "", longest},
		{date.Add(time.Hour).Format(http.TimeFormat), date.Format(http.TimeFormat), time.Hour},
		{"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:29 GMT", 30 * time.Second}, // by a clock that is wrong
		{"Fri, 31 Dec 1999 23:59:59 GMT", "", 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "", longest},
	} {
		h := http.Header{"Retry-After": {tc.value}, "Date": {tc.date}}
		if got := RetryAfter(h); got != tc.want {
			t.Errorf("%q, answered on %q: %v, want %v", tc.value, tc.date, got, tc.want)
		}
	}
}

func TestARefusalIsProbedMoreAndMoreRarely(t *testing.T) {
	var r Refusals
	for _, want := range []float64{1, 2, 4, 8, 15, 15} {
		no := &msg.NotSentError{Reason: "refused"}
		if r.Learn(no); no.After.Minutes() != want {
			t.Errorf("the next attempt is after %v, want %v min", no.After, want)
		}
	}
	unreached := &msg.NotSentError{Unreached: true}
	if r.Learn(unreached); unreached.After != 0 {
		t.Errorf("one that nobody received waits %v", unreached.After)
	}
	r.Learn(nil)
	no := &msg.NotSentError{}
	if r.Learn(no); no.After != time.Minute {
		t.Errorf("after a success it begins with %v", no.After)
	}
}
