//go:debug x509usefallbackroots=1
package acceptance

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"friendlyfire/acceptance/harness"
)

// trusted is a certificate for 127.0.0.1 that this process trusts, thanks to the go:debug line above.
var trusted = sync.OnceValue(func() tls.Certificate {
	cert, err := selfSigned("127.0.0.1")
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	x509.SetFallbackRoots(pool)
	return cert
})

// selfSigned makes a certificate for a host, good for a century.
func selfSigned(host string) (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(host); ip != nil {
		form.IPAddresses = []net.IP{ip}
	} else {
		form.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, public, private)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, err
}

// sftpHost serves the files in the folder to the owner of the key that it puts there. It returns the settings of a
// [[source]] that reads them.
func sftpHost(t *testing.T, dir, address string) (config string, serve func(net.Conn)) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private) // of both the host and the user, which is good enough for this test
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"key":         string(pem.EncodeToMemory(block)),
		"known_hosts": knownhosts.Line([]string{knownhosts.Normalize(address)}, key.PublicKey()) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(k.Marshal(), key.PublicKey().Marshal()) {
			return nil, errors.New("not the user's key")
		}
		return nil, nil
	}}
	server.AddHostKey(key)
	config = fmt.Sprintf(`sftp = "bans@%s%s/bans.csv"
key_file = "%[2]s/key"
known_hosts = "%[2]s/known_hosts"
`, address, dir)
	return config, func(conn net.Conn) { serveSFTP(conn, server) }
}

func serveSFTP(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				if r.Reply(r.Type == "subsystem", nil) != nil {
					return
				}
			}
		}()
		if server, err := sftp.NewServer(channel, sftp.ReadOnly()); err == nil {
			go server.Serve() // until the connection ends
		}
	}
}

// The program as it is shipped reads a file from another machine.
func TestBinaryReadsOverSFTP(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both)
	keys, serve := sftpHost(t, s.Dir, listener.Addr().String())
	s.Reconfigure(fmt.Sprintf("path = %q\n", s.Bans), keys)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	p := s.Start()
	for _, address := range []string{harness.Belgian, harness.Belgian2} {
		s.Ban(address)
		both.Await(t, harness.Alert(address), 1)
	}
	p.Stop()
}

// Whatever happens to the network for an hour, every call ends, nothing is lost, and all that was held up arrives soon
// after.
func TestR13OutagesHealByThemselves(t *testing.T) {
	const sftpAddress = "192.0.2.22:22"
	random := harness.Random(t)
	trusted()
	length := time.Duration(harness.Size(5, 5, 57)) * time.Minute
	longest, slowest, grown := time.Duration(0), time.Duration(0), 0
	const few = 5
	for name, c := range map[string]struct {
		outage
		api, source bool // who has the outage: the platforms, the source
		tls         bool
	}{
		"refused":              {outage: refused, api: true},
		"black hole":           {outage: blackHole, api: true},
		"TLS stall":            {outage: halfOpen, api: true, tls: true},
		"slow body":            {outage: trickle, api: true},
		"half-open":            {outage: halfOpen, api: true},
		"SFTP refused":         {outage: refused, source: true},
		"SFTP stall":           {outage: halfOpen, source: true},
		"everything black":     {outage: blackHole, api: true, source: true},
		"everything half-open": {outage: halfOpen, api: true, source: true},
	} {
		if c.api && c.source && !harness.Long {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both := harness.InMemory(t)
				s := harness.NewChatScene(t, both)
				if c.tls {
					s.Reconfigure(`api = "http://`, `api = "https://`)
				}
				network := &faultNet{to: both.Dial, serve: func(conn net.Conn) net.Conn {
					return tls.Server(conn, &tls.Config{
						Certificates: []tls.Certificate{trusted()}, MinVersion: tls.VersionTLS12,
					})
				}}
				affected := []string{
					strings.TrimPrefix(both.Telegram.URL(), "http://"),
					strings.TrimPrefix(both.Discord.URL(), "http://"),
				}
				if !c.api {
					affected = nil
				}
				if c.source {
					keys, serve := sftpHost(t, s.Dir, sftpAddress)
					network.to = func(ctx context.Context, network, address string) (net.Conn, error) {
						if address == sftpAddress {
							near, far := net.Pipe()
							go serve(far)
							return near, nil
						}
						return both.Dial(ctx, network, address)
					}
					s.Reconfigure(fmt.Sprintf("path = %q\n", s.Bans), keys)
					affected = append(affected, sftpAddress)
				}
				p := startInProcess(s, network.dial)
				time.Sleep(time.Minute)
				before := 0
				for round := range harness.Size(2, 2, 10) {
					network.fail(c.outage, affected...)
					time.Sleep(length + time.Duration(random.Int64N(int64(time.Minute))))
					address := harness.Friend(round)
					s.Ban(address)
					time.Sleep(2 * time.Minute)
					network.heal()
					healed := time.Now()
					both.AwaitAlerts(t, 5*time.Minute, harness.AllChats, []string{address})
					slowest = max(slowest, time.Since(healed))
					time.Sleep(5 * time.Minute)
					if round == 0 {
						before = runtime.NumGoroutine()
					}
				}
				more := runtime.NumGoroutine() - before
				for range 10 { // what ends by itself does not grow
					if more <= few {
						break
					}
					time.Sleep(time.Minute)
					more = min(more, runtime.NumGoroutine()-before)
				}
				grown, longest = max(grown, more), max(longest, network.slowest())
				p.stop()
				network.close()
			})
		})
	}
	if longest > 15*time.Second || slowest > 30*time.Second || grown > few {
		t.Errorf("a call took %v, a delivery after healing %v; %d goroutines more", longest, slowest, grown)
	}
	harness.Reached(t, "a call took %v at most, first delivery %v after healing, %+d goroutines",
		longest, slowest.Round(100*time.Millisecond), grown)
}
