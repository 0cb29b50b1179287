package ingest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// keyring has keys by a short name.
type keyring map[string]ssh.Signer

// certify makes a certificate of a key.
func (k keyring) certify(t *testing.T, key, authority string, change func(*ssh.Certificate)) ssh.Signer {
	t.Helper()
	cert := &ssh.Certificate{
		Key: k[key].PublicKey(), Serial: 7, CertType: ssh.HostCert, KeyId: "web2",
		ValidPrincipals: []string{"web2.example.org"}, ValidBefore: ssh.CertTimeInfinity,
	}
	if change != nil {
		change(cert)
	}
	if err := cert.SignCert(rand.Reader, k[authority]); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, k[key])
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// line replaces {name} by the key of that name.
func (k keyring) line(text string) string {
	for name, key := range k {
		text = strings.ReplaceAll(text, "{"+name+"}", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))))
	}
	return text
}

// knownHostsCase is a host that shows a key, and a known_hosts file by which it is let in or not.
type knownHostsCase struct {
	address string
	shows   ssh.Signer
	file    string
	want    bool
}

// knownHostsCases returns the cases, and the key of the user who may log in.
func knownHostsCases(t *testing.T) (cases map[string]knownHostsCase, user ssh.PublicKey) {
	t.Helper()
	keys := keyring{}
	for _, name := range []string{"host", "other", "ca", "ca2", "user"} {
		keys[name], _ = newKey(t)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if keys["rsa"], err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	certified := keys.certify(t, "host", "ca", nil)
	altered := func(change func(*ssh.Certificate)) ssh.Signer { return keys.certify(t, "host", "ca", change) }
	hashed := knownhosts.HashHostname
	const address, odd = "web2.example.org:22", "web2.example.org:2222"
	cases = map[string]knownHostsCase{
		"plain":                     {file: "web2.example.org {host}", want: true},
		"with a comment and spaces": {file: "  web2.example.org\t{host} of web2 \r", want: true},
		"in capitals":               {file: "WEB2.Example.org {host}", want: true},
		"asked in capitals":         {address: "Web2.Example.ORG:22", file: "web2.example.org {host}", want: true},
		"of another host":           {file: "web3.example.org {host}"},
		"another key":               {file: "web2.example.org {other}"},
		"two keys":                  {file: "web2.example.org {other}\nweb2.example.org {host}", want: true},
		"two keys of two kinds":     {file: "web2.example.org {rsa}\nweb2.example.org {host}", want: true},
		"an RSA key":                {shows: keys["rsa"], file: "web2.example.org {rsa}", want: true},
		"a list":                    {file: "web1,192.0.2.1,web2.example.org {host}", want: true},
		"a star":                    {file: "*.example.org {host}", want: true},
		"stars":                     {file: "w*2.*.or* {host}", want: true},
		"question marks":            {file: "web?.example.or? {host}", want: true},
		"a question mark too few":   {file: "web?example.or {host}"},
		"everybody":                 {file: "* {host}", want: true},
		"negated":                   {file: "*.example.org,!web2.example.org {host}"},
		"negated first":             {file: "!web2.*,*.example.org {host}"},
		"only negated":              {file: "!web3.example.org {host}"},
		"another is negated":        {file: "!web3.example.org,*.example.org {host}", want: true},
		"hashed":                    {file: hashed("web2.example.org") + " {host}", want: true},
		"hashed, another":           {file: hashed("web3.example.org") + " {host}"},
		"hashed wrongly":            {file: "|1|x|y {host}"},

		"port":                      {address: odd, file: "[web2.example.org]:2222 {host}", want: true},
		"another port":              {address: odd, file: "[web2.example.org]:2223 {host}"},
		"port, hashed":              {address: odd, file: hashed("[web2.example.org]:2222") + " {host}", want: true},
		"port, pattern":             {address: odd, file: "[*.example.org]:2222 {host}", want: true},
		"port, everybody":           {address: odd, file: "* {host}", want: true},
		"without its port":          {address: odd, file: "web2.example.org {host}", want: true},
		"changed with its port":     {address: odd, file: "[web2.example.org]:2222 {other}\nweb2.example.org {host}"},
		"the usual port is no name": {file: "[web2.example.org]:22 {host}"},
		"an address":                {address: "[2001:db8::1]:22", file: "2001:db8::1 {host}", want: true},
		"an address and a port":     {address: "[2001:db8::1]:2222", file: "[2001:db8::1]:2222 {host}", want: true},

		"authority":                 {shows: certified, file: "@cert-authority *.example.org {ca}", want: true},
		"authority, port":           {address: odd, shows: certified, file: "@cert-authority [*]:2222 {ca}", want: true},
		"authority without port":    {address: odd, shows: certified, file: "@cert-authority web2.* {ca}", want: true},
		"another authority":         {shows: certified, file: "@cert-authority *.example.org {ca2}"},
		"authority of others":       {shows: certified, file: "@cert-authority *.example.com {ca}"},
		"its key is no host's key":  {shows: keys["ca"], file: "@cert-authority *.example.org {ca}"},
		"a key is no authority":     {shows: certified, file: "*.example.org {ca}"},
		"known without certificate": {shows: certified, file: "web2.example.org {host}", want: true},
		"known and authority": {
			shows: certified, file: "web2.example.org {host}\n@cert-authority * {ca2}", want: true,
		},
		"authority, key without certificate": {file: "@cert-authority * {ca}"},
		"authority, and the key is known":    {file: "@cert-authority * {ca}\nweb2.example.org {host}", want: true},
		"for another name": {
			shows: altered(func(c *ssh.Certificate) { c.ValidPrincipals = []string{"web3.example.org"} }),
			file:  "@cert-authority * {ca}",
		},
		"for names": {
			shows: altered(func(c *ssh.Certificate) { c.ValidPrincipals = []string{"web1", "web2.example.org"} }),
			file:  "@cert-authority * {ca}", want: true,
		},
		"for a pattern": {
			shows: altered(func(c *ssh.Certificate) { c.ValidPrincipals = []string{"*.example.org"} }),
			file:  "@cert-authority * {ca}",
		},
		"for all names": {
			shows: altered(func(c *ssh.Certificate) { c.ValidPrincipals = nil }),
			file:  "@cert-authority * {ca}", want: true,
		},
		"expired": {
			shows: altered(func(c *ssh.Certificate) { c.ValidBefore = uint64(time.Now().Add(-time.Hour).Unix()) }),
			file:  "@cert-authority * {ca}",
		},
		"expired, but known": {
			shows: altered(func(c *ssh.Certificate) { c.ValidBefore = uint64(time.Now().Add(-time.Hour).Unix()) }),
			file:  "@cert-authority * {ca}\nweb2.example.org {host}", want: true,
		},
		"not valid yet": {
			shows: altered(func(c *ssh.Certificate) { c.ValidAfter = uint64(time.Now().Add(time.Hour).Unix()) }),
			file:  "@cert-authority * {ca}",
		},
		"of a user": {
			shows: altered(func(c *ssh.Certificate) { c.CertType = ssh.UserCert }), file: "@cert-authority * {ca}",
		},
		"with a condition": {
			shows: altered(func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{"force-command": "no"} }),
			file:  "@cert-authority * {ca}",
		},

		"revoked":                    {file: "web2.example.org {host}\n@revoked * {host}"},
		"revoked before":             {file: "@revoked * {host}\nweb2.example.org {host}"},
		"revoked of others":          {file: "web2.example.org {host}\n@revoked web3.* {host}", want: true},
		"another is revoked":         {file: "web2.example.org {host}\n@revoked * {other}", want: true},
		"certified and revoked":      {shows: certified, file: "@cert-authority * {ca}\n@revoked * {host}"},
		"certified by a revoked one": {shows: certified, file: "@cert-authority * {ca}\n@revoked * {ca}"},
		"known, certified by a revoked one": {
			shows: certified, file: "web2.example.org {host}\n@cert-authority * {ca}\n@revoked * {ca}",
		},

		"bad lines": {
			file: "web2.example.org\n@cert-authority\nweb2.example.org ssh-ed25519\nweb2.example.org ssh-ed25519 AAAA\n" +
				"@nobody web2.example.org {other}\n@revoked @revoked * {host}\n\x00\xff\nweb2.example.org ssh-rsa x y z\n" +
				"web2.example.org 1024 35 1234567890\n|1|AAAA|BBBB {other}\nweb2.example.org {host}", want: true,
		},
		"a long line": {file: "# " + strings.Repeat("x", 100_000) + "\nweb2.example.org {host}", want: true},
		"nothing":     {file: "\n# nothing\n"},
	}
	for name, c := range cases {
		c.file = keys.line(c.file) + "\n"
		if c.shows == nil {
			c.shows = keys["host"]
		}
		if c.address == "" {
			c.address = address
		}
		cases[name] = c
	}
	return cases, keys["user"].PublicKey()
}

// A known_hosts file is read as OpenSSH reads it.
func TestS23KnownHosts(t *testing.T) {
	cases, user := knownHostsCases(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			host := newSSHHost(t, user, c.shows)
			_, secret := newKey(t) // which the host refuses
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &SFTP{
				User: "bans", Address: c.address, Path: "/bans.csv", KeyFile: secret, KnownHosts: file,
				Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, "tcp", host.address)
				},
			}
			defer s.Close()
			_, err := s.Stat(t.Context())
			if got := host.attempts.Load() > 0; got != c.want {
				t.Errorf("logged in: %t, want %t: %v", got, c.want, err)
			}
		})
	}
}

// Lines that cannot be read are named: to who asks, and where the host is not known.
func TestS23BadLinesAreNamed(t *testing.T) {
	key, secret := newKey(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	text := "# hosts\nweb3.example.org ssh-ed25519 AAAA\n\nweb4.example.org " +
		string(ssh.MarshalAuthorizedKey(key.PublicKey())) + "junk\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bad, err := BadKnownHosts(file)
	if want := []int{2, 5}; err != nil || !slices.Equal(bad, want) {
		t.Errorf("bad lines %v (%v), want %v", bad, err, want)
	}
	host := newSSHHost(t, key.PublicKey(), key)
	s := &SFTP{
		User: "bans", Address: host.address, Path: "/bans.csv", KeyFile: secret, KnownHosts: file,
		Dial: (&net.Dialer{}).DialContext,
	}
	defer s.Close()
	if _, err := s.Stat(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be read: 2 5") {
		t.Errorf("error %v, want the lines", err)
	}
}
