package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"friendlyfire/bot/mail/mailtest"
	"friendlyfire/bot/msg"
	"friendlyfire/config"
)

// eximConfig is a server that takes mail from one account, over TLS, and keeps it in a maildir.
// https://www.exim.org/exim-html-current/doc/html/spec_html/
const eximConfig = `
primary_hostname = mail.example.org
spool_directory = $DIR/spool
log_file_path = $DIR/log/%slog
pid_file_path = $DIR/spool/pid
exim_user = $UID
exim_group = $GID
local_interfaces = 127.0.0.1
daemon_smtp_ports = $PORT : $TLSPORT
tls_on_connect_ports = $TLSPORT
tls_advertise_hosts = *
tls_certificate = $DIR/cert.pem
tls_privatekey = $DIR/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
message_size_limit = 60K
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_hosts =
keep_environment =
begin acl
mail:
  deny !authenticated = *
       message = 5.7.0 authentication required
  deny condition = ${if !eq{$sender_address}{$authenticated_id}}
       message = 5.7.1 sender address not owned by user
  accept
rcpt:
  deny local_parts = nobody
       message = 5.1.1 no such user
  defer local_parts = grey
       message = 4.7.1 greylisted
  accept domains = example.org
  deny message = 5.7.1 relay not permitted
data:
  deny condition = ${if match{$message_body}{XJS\\*C4JDBQADN1}}
       message = 5.7.1 this looks like spam
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = $DIR/mail
  maildir_format
  user = $UID
  group = $GID
  delivery_date_add
begin authenticators
plain:
  driver = plaintext
  public_name = $WAY
  server_prompts = $PROMPTS
  server_condition = ${if and{{eq{$AUTHUSER}{$USER}}{eq{$AUTHPASS}{$PASSWORD}}}}
  server_set_id = $AUTHUSER
`

const eximPassword = "secret word, and more=of it"

// exim is a running Exim.
type exim struct {
	dir, address, secure string
	roots                *x509.CertPool
}

// startExim starts a server that lets people in in that way, and stops it when the test ends. It runs in a folder of
// the test, with ports of its own, and touches nothing else.
func startExim(t testing.TB, way string) *exim {
	t.Helper()
	program, err := exec.LookPath("/usr/sbin/exim4")
	if err != nil {
		const missing = "needs a real mail server: apt-get install exim4-daemon-light"
		if os.Getenv("FRIENDLYFIRE_TEST_MAIL") == "required" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // it delivers nothing as root
		own, err := user.Lookup("Debian-exim")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ = strconv.Atoi(own.Uid)
		gid, _ = strconv.Atoi(own.Gid)
	}
	e := &exim{dir: t.TempDir(), address: freeAddress(t), secure: freeAddress(t)}
	for _, name := range []string{"", "spool", "log", "mail"} {
		dir := filepath.Join(e.dir, name)
		if err := cmp.Or(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755), os.Chown(dir, uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(e.dir), 0o755); err != nil { //nolint:gosec // it is somebody else
		t.Fatal(err)
	}
	signed := mailtest.Certificate("127.0.0.1")
	e.roots = signed.Roots()
	key, err := x509.MarshalPKCS8PrivateKey(signed.Pair().PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) {
		path := filepath.Join(e.dir, name)
		if err := cmp.Or(os.WriteFile(path, text, 0o600), os.Chown(path, uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
	write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Pair().Certificate[0]}))
	write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	prompts, userField, passwordField := ":", "$auth2", "$auth3"
	if way == "LOGIN" {
		prompts, userField, passwordField = "Username:: : Password::", "$auth1", "$auth2"
	}
	_, port, _ := net.SplitHostPort(e.address)
	_, securePort, _ := net.SplitHostPort(e.secure)
	config := filepath.Join(e.dir, "exim.conf")
	text := strings.NewReplacer("$DIR", e.dir, "$UID", strconv.Itoa(uid), "$GID", strconv.Itoa(gid), "$PORT", port,
		"$TLSPORT", securePort, "$WAY", way, "$PROMPTS", prompts, "$AUTHUSER", userField, "$AUTHPASS", passwordField,
		"$USER", mailtest.User, "$PASSWORD", eximPassword).Replace(eximConfig)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil { //nolint:gosec // Exim reads it as another user
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-C", config, "-bdf")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(e.dir, "log", "mainlog"))
			t.Logf("Exim printed %s and logged\n%s", out.String(), log)
		}
	})
	for range 100 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.secure)
		if err == nil {
			_ = conn.Close()
			return e
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("Exim does not start: %s", out.String())
	return nil
}

// freeAddress is an address of this machine where nobody listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// client is a client of the server.
func (e *exim) client(t testing.TB, server, password string) *Client {
	t.Helper()
	c, err := newClient(&Config{
		Server: server, From: "friendlyfire <" + mailtest.From + ">", Password: config.NewSecret(password),
	}, msg.Bot{})
	if err != nil {
		t.Fatal(err)
	}
	c.roots = e.roots
	return c
}

// mails waits until so many mails are in the maildir, and returns them by their Message-ID.
func (e *exim) mails(t *testing.T, n int) map[string]mailtest.Mail {
	t.Helper()
	for range 200 {
		files, _ := filepath.Glob(filepath.Join(e.dir, "mail", "new", "*"))
		if len(files) >= n {
			all := map[string]mailtest.Mail{}
			for _, name := range files {
				raw, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				m := mailtest.Parse(string(raw))
				all[m.ID()] = m
			}
			return all
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("fewer than %d mails", n)
	return nil
}

func TestEximTakesOurMail(t *testing.T) {
	for way, secure := range map[string]bool{"PLAIN": false, "LOGIN": true} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			e := startExim(t, way)
			server := "smtp://" + e.address
			if secure {
				server = "smtps://" + e.secure
			}
			c := e.client(t, server, eximPassword)
			ctx := t.Context()
			alert := say("🇧🇪 sshd on web1 banned 198.51.100.7 (Belgium)\n.\n..\nFrom here\n" + strings.Repeat("long ", 500) + "é")
			digest, large := shown(t, "Sat 8 Jan: 11 of 91 bans hit friends"), shown(t, "too large")
			digest.Nonce, large.Nonce = "NONCE2", "NONCE3"
			large.Photo = append(large.Photo, make([]byte, 100_000)...)
			for _, m := range []msg.Message{alert, digest, large} {
				if err := c.Send(ctx, mailtest.Admin, m); err != nil {
					t.Fatal(err)
				}
			}
			got := e.mails(t, 3)
			for _, want := range []msg.Message{alert, digest} {
				m := got["<"+want.Nonce+"@example.org>"]
				if words := strings.TrimRight(want.WithoutPhoto().Text.String(), "\n"); m.Problem != "" || m.Text != words {
					t.Errorf("problem %q, got %q, want %q", m.Problem, m.Text, words)
				}
				if !bytes.Equal(m.Photo, want.Photo) || m.Header.Get("Received") == "" {
					t.Errorf("the picture of %s is another", want.Nonce)
				}
			}
			if m := got["<NONCE3@example.org>"]; m.Photo != nil || m.Text != "too large\n\nBE ███ 3" {
				t.Errorf("a picture above the limit: %q, with %d bytes", m.Text, len(m.Photo))
			}

			for name, test := range map[string]struct {
				to   string
				m    msg.Message
				want string
			}{
				"unknown":    {"nobody@example.org", alert, "held rarely"},
				"greylisted": {"grey@example.org", alert, "held"},
				"relay":      {"a@example.com", alert, "held rarely"},
				"spam":       {mailtest.Admin, say("XJS*C4JDBQADN1"), "in doubt"},
			} {
				if err := c.Send(ctx, test.to, test.m); outcome(err) != test.want {
					t.Errorf("%s: %v, want it %s", name, err, test.want)
				}
			}
			if title, err := c.CanPost(ctx, mailtest.Admin); err != nil || title == "" {
				t.Errorf("CanPost: %q, %v", title, err)
			}
			if _, err := c.CanPost(ctx, "nobody@example.org"); err == nil {
				t.Error("CanPost finds nobody@example.org")
			}
			c.from.Address = "ceo@example.org"
			if err := c.Send(ctx, mailtest.Admin, alert); outcome(err) != "held rarely" ||
				!strings.Contains(err.Error(), "does not let us send as") {
				t.Errorf("another's sender: %v", err)
			}
			if _, err := e.client(t, server, "wrong").Me(ctx); err == nil || !strings.Contains(err.Error(), "(535") {
				t.Errorf("a wrong password: %v", err)
			}
			stranger := e.client(t, server, eximPassword)
			stranger.roots = mailtest.Roots()
			if err := stranger.Send(ctx, mailtest.Admin, alert); err == nil || !strings.Contains(err.Error(), "signed by nobody") {
				t.Errorf("a certificate that nobody trusts: %v", err)
			}
			plain := e.client(t, "smtps://"+e.address, eximPassword)
			if err := plain.Send(ctx, mailtest.Admin, alert); err == nil || !strings.Contains(err.Error(), "does not begin with TLS") {
				t.Errorf("TLS where none is: %v", err)
			}
			if n := len(e.mails(t, 3)); n != 3 {
				t.Errorf("%d mails, want 3", n)
			}
		})
	}
}

// What it costs that each mail has a connection of its own: TCP, TLS, the login, and the leave.
func BenchmarkMailToExim(b *testing.B) {
	e := startExim(b, "PLAIN")
	c := e.client(b, "smtp://"+e.address, eximPassword)
	text, err := c.compose(mailtest.Admin, say("alert"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("a connection each", func(b *testing.B) {
		for b.Loop() {
			if err := c.submit(b.Context(), mailtest.Admin, say("alert")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one connection", func(b *testing.B) {
		s, err := c.connect(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := c.hand(s, mailtest.Admin, text); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.end(s, nil); err != nil {
			b.Fatal(err)
		}
	})
}
