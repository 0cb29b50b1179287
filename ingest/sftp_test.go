package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshHost is an SSH server in this process that serves the files of this machine read-only.
type sshHost struct {
	address  string
	keys     []ssh.Signer
	attempts atomic.Int64 // to log in
	logins   atomic.Int64
	silent   atomic.Bool    // answers no more
	handlers *sftp.Handlers // serve other files than those of this machine; nil: they do not

	mu    sync.Mutex
	conns []net.Conn
}

func newSSHHost(t testing.TB, user ssh.PublicKey, keys ...ssh.Signer) *sshHost {
	t.Helper()
	h := &sshHost{keys: keys}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions,
		error,
	) {
		h.attempts.Add(1)
		if !bytes.Equal(key.Marshal(), user.Marshal()) {
			return nil, errors.New("not this one")
		}
		return nil, nil
	}}
	for _, key := range keys {
		config.AddHostKey(key)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	t.Cleanup(func() { l.Close(); h.hangUp() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.conns = append(h.conns, conn)
			h.mu.Unlock()
			if !h.silent.Load() {
				go h.serve(hesitant{conn, h}, config)
			}
		}
	}()
	return h
}

// hesitant is a connection on which the host sends nothing while it is silent.
type hesitant struct {
	net.Conn
	host *sshHost
}

func (c hesitant) Write(b []byte) (int, error) {
	if c.host.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (h *sshHost) serve(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	h.logins.Add(1)
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				if err := r.Reply(r.Type == "subsystem", nil); err != nil {
					return
				}
			}
		}()
		if h.handlers != nil {
			go sftp.NewRequestServer(channel, *h.handlers).Serve()
			continue
		}
		server, err := sftp.NewServer(channel, sftp.ReadOnly())
		if err != nil {
			return
		}
		go server.Serve() // ends with the connection
	}
}

// hangUp closes all connections.
func (h *sshHost) hangUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		c.Close()
	}
	h.conns = nil
}

// newKey makes a key pair, and writes the private key to file.
func newKey(t testing.TB) (key ssh.Signer, file string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return key, file
}

// knows writes a known_hosts file.
func knows(t testing.TB, address string, keys ...ssh.PublicKey) (file string) {
	t.Helper()
	text := "# known hosts\n"
	for _, key := range keys {
		text += knownhosts.Line([]string{knownhosts.Normalize(address)}, key) + "\n"
	}
	file = filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// overSFTP makes the place's reader read the file through an SSH server.
func (p *place) overSFTP() (*sshHost, *SFTP) {
	p.t.Helper()
	user, file := newKey(p.t)
	hostKey, _ := newKey(p.t)
	host := newSSHHost(p.t, user.PublicKey(), hostKey)
	s := &SFTP{
		User: "bans", Address: host.address, Path: p.path, KeyFile: file, KnownHosts: knows(p.t, host.address,
			hostKey.PublicKey()),
		Dial: (&net.Dialer{}).DialContext,
	}
	p.t.Cleanup(func() { s.Close() })
	p.source = s
	p.restart()
	return host, s
}

// Rotation is followed over SFTP as on this machine.
func TestR19RotationOverSFTP(t *testing.T) {
	t.Parallel()
	for name, rotate := range rotations {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			host, _ := p.overSFTP()
			p.survives(rotate, seedRow, seedHeader, true)
			if n := host.logins.Load(); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
		})
	}
}

// The host's key is pinned. A host with another one is sent no request and no secret, least of all our key.
func TestS13HostKey(t *testing.T) {
	user, file := newKey(t)
	first, _ := newKey(t)
	second, _ := newKey(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	third, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		shows []ssh.Signer
		knows []ssh.PublicKey
		want  string // in the error; "": none
	}{
		"known":                     {shows: []ssh.Signer{first}, knows: []ssh.PublicKey{first.PublicKey()}},
		"known, and it has another": {shows: []ssh.Signer{third, first}, knows: []ssh.PublicKey{first.PublicKey()}},
		"the other is known":        {shows: []ssh.Signer{third, first}, knows: []ssh.PublicKey{third.PublicKey()}},
		"unknown":                   {shows: []ssh.Signer{first}, want: "add the line\n"},
		"changed": {
			shows: []ssh.Signer{second}, knows: []ssh.PublicKey{first.PublicKey()},
			want: "is not the one in",
		},
		"changed, and of another kind": {
			shows: []ssh.Signer{third}, knows: []ssh.PublicKey{first.PublicKey()},
			want: "no common algorithm for host key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, richHeader+richRow(1))
			host := newSSHHost(t, user.PublicKey(), c.shows...)
			s := &SFTP{
				User: "bans", Address: host.address, Path: p.path, KeyFile: file, KnownHosts: knows(t, host.address,
					c.knows...),
				Dial: (&net.Dialer{}).DialContext,
			}
			defer s.Close()
			p.source = s
			p.restart()
			err := p.reader.Step(t.Context())
			if c.want == "" {
				p.must(err)
				p.want(ip(1))
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "closed network connection") {
				t.Errorf("error %v tells of our own hanging up", err)
			}
			if again := p.reader.Step(t.Context()); again == nil || again.Error() != err.Error() {
				t.Errorf("then %v, want the same", again)
			}
			if n := host.attempts.Load(); n != 0 {
				t.Errorf("%d attempts to log in, want 0", n)
			}
			t.Attr("reached", fmt.Sprintf("%d attempts to log in", host.attempts.Load()))
			if wrong, ok := errors.AsType[*HostKeyError](err); ok && name == "unknown" {
				p.write(s.KnownHosts, wrong.Line+"\n")
				s.retryAt = time.Time{}
				p.step() // the line is the right one
				p.want(ip(1))
			}
		})
	}
}

// A host that stops answering, in any phase, costs no more than the timeout; once it answers again everything is read.
func TestR13SilentHost(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+richRow(1))
	host, s := p.overSFTP()
	s.timeout = 300 * time.Millisecond
	host.silent.Store(true)
	for _, phase := range []string{"before it has let us in", "afterwards"} {
		began := time.Now()
		err := p.reader.Step(t.Context())
		if err == nil || !strings.Contains(err.Error(), "no answer within") || time.Since(began) > 5*time.Second {
			t.Fatalf("%s: %v after %v", phase, err, time.Since(began))
		}
		if s := p.status(); s.Error == "" {
			t.Errorf("%s: the store does not know", phase)
		}
		host.silent.Store(false)
		s.retryAt = time.Time{}
		p.step()
		p.append(p.path, richRow(2))
		host.silent.Store(true)
	}
	host.silent.Store(false)
	s.retryAt = time.Time{}
	p.step()
	p.want(ip(1), ip(2))
}

// The end of a file is an answer. A request that could not be sent, which the library also calls EOF, is a lost
// connection, and no file has ended by it.
func TestSFTPLostConnectionIsNoEndOfFile(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+richRow(1))
	_, s := p.overSFTP()
	p.step()
	err := s.withTimeout(t.Context(), func() error { return io.EOF })
	if err != io.EOF || s.client == nil { //nolint:errorlint // it must not be wrapped
		t.Errorf("the end of a file: %v, connected: %t", err, s.client != nil)
	}
	err = s.withTimeout(t.Context(), func() error { return fmt.Errorf("failed to send packet: %w", io.EOF) })
	if err == nil || errors.Is(err, io.EOF) || s.client != nil {
		t.Errorf("a lost connection: %v, connected: %t", err, s.client != nil)
	}
}

// A lost connection is opened again, and a stop does not wait for it.
func TestSFTPConnectsAgain(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+richRow(1))
	host, s := p.overSFTP()
	p.step()
	host.hangUp()
	p.append(p.path, richRow(2))
	for range 3 {
		if err := p.reader.Step(t.Context()); err == nil {
			break
		}
	}
	p.want(ip(1), ip(2))
	if n := host.logins.Load(); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
	host.silent.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := p.reader.Step(ctx); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v, want an end with the context", err, time.Since(began))
	}
	if s.client != nil {
		t.Error("a connection that gives no answer was kept")
	}
}

// Attempts to connect back off, and much more if the host refuses the login: it may be protected by Fail2Ban, too.
func TestSFTPHoldsBack(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader)
	host, s := p.overSFTP()
	stranger, file := newKey(t)
	_ = stranger
	s.KeyFile = file
	for range 5 {
		if err := p.reader.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
			t.Fatal(err)
		}
	}
	if n := host.attempts.Load(); n != 1 || time.Until(s.retryAt) < 4*time.Minute {
		t.Errorf("%d attempts, the next in %v", n, time.Until(s.retryAt))
	}
	dials := 0
	s.retryAt, s.backoff = time.Time{}, 0
	s.Dial = func(context.Context, string, string) (net.Conn, error) { dials++; return nil, errors.New("refused") }
	for want := minBackoff; want <= maxBackoff; want *= 2 {
		for range 3 {
			if err := p.reader.Step(t.Context()); err == nil {
				t.Fatal("no error")
			}
		}
		if s.backoff != want {
			t.Errorf("waits %v, want %v", s.backoff, want)
		}
		s.retryAt = time.Time{}
	}
	if dials != 5 {
		t.Errorf("%d dials, want 5", dials)
	}
}

// The key may be in an agent instead of a file.
func TestSFTPWithAgent(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+richRow(1))
	_, s := p.overSFTP()
	text, err := os.ReadFile(s.KeyFile)
	p.must(err)
	key, err := ssh.ParseRawPrivateKey(text)
	p.must(err)
	ring := agent.NewKeyring()
	p.must(ring.Add(agent.AddedKey{PrivateKey: key}))
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	p.must(err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, conn) // ends with the connection
		}
	}()
	s.KeyFile = ""
	t.Setenv("SSH_AUTH_SOCK", "")
	if err := p.reader.Step(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "neither key_file nor an agent") {
		t.Error(err)
	}
	t.Setenv("SSH_AUTH_SOCK", socket)
	s.retryAt = time.Time{}
	p.step()
	p.want(ip(1))
	if s.agent != nil {
		t.Error("the agent is still held")
	}
}

func TestSFTPReadsNoPipe(t *testing.T) {
	p := newPlace(t)
	p.overSFTP()
	p.must(syscall.Mkfifo(p.path, 0o600))
	if err := p.reader.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
	p.must(os.Remove(p.path))
	if err := p.reader.Step(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	p.write(p.path, richHeader+richRow(1))
	p.step()
	p.want(ip(1))
}

// The same with OpenSSH's own server, and an account that may only read files.
func TestSFTPWithOpenSSH(t *testing.T) {
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd = "/usr/sbin/sshd"; !exists(sshd) {
			if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" { // where that is installed, so is sshd
				t.Fatal("no sshd on this machine")
			}
			t.Skip("no sshd on this machine")
		}
	}
	p := newPlace(t)
	p.write(p.path, seedHeader+rows(seedRow, 0, 10))
	user, file := newKey(t)
	host, hostFile := newKey(t)
	dir := t.TempDir()
	p.must(os.MkdirAll("/run/sshd", 0o755)) //nolint:gosec // where sshd wants it
	p.write(filepath.Join(dir, "authorized_keys"), "restrict "+string(ssh.MarshalAuthorizedKey(user.PublicKey())))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	address := l.Addr().String()
	p.must(l.Close())
	_, port, _ := net.SplitHostPort(address)
	p.write(filepath.Join(dir, "sshd_config"), fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nPidFile "+
		"none\nStrictModes no\nUsePAM no\n"+
		"AuthorizedKeysFile %s/authorized_keys\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"+
		"Subsystem sftp internal-sftp\nForceCommand internal-sftp -R\n", port, hostFile, dir))
	server := exec.CommandContext(t.Context(), sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	log, err := server.StderrPipe()
	p.must(err)
	p.must(server.Start())
	go io.Copy(io.Discard, log) // keeps the pipe empty
	defer server.Wait()         // it is killed
	defer server.Process.Kill() // likewise
	who := os.Getenv("USER")
	if who == "" {
		who = "root"
	}
	s := &SFTP{
		User: who, Address: address, Path: p.path, KeyFile: file, KnownHosts: knows(t, address, host.PublicKey()),
		Dial: (&net.Dialer{}).DialContext,
	}
	defer s.Close()
	p.source = s
	p.restart()
	for range 50 { // until it listens
		if err = p.reader.Step(t.Context()); err == nil {
			break
		}
		s.retryAt = time.Time{}
		time.Sleep(100 * time.Millisecond)
	}
	p.must(err)
	p.want(ips(0, 10)...)
	p.append(p.path, rows(seedRow, 10, 12))
	p.rename(p.path, p.path+".1")
	p.gzip(p.path+".1", p.path+".1.gz")
	p.write(p.path, seedHeader+rows(seedRow, 12, 20))
	p.step()
	p.want(ips(0, 20)...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
