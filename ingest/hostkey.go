package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKeyError reports a host whose key is unknown, revoked, or not the known one. No secret has been sent to it.
type HostKeyError struct {
	Address     string
	File        string // of known hosts
	Changed     bool   // the host is known with another key
	Revoked     bool   // the key, or the one that has signed it, is revoked
	Certificate error  // why the key's certificate does not count; nil: it has none, or no known authority signed it
	Bad         []int  // lines of File that cannot be read
	Fingerprint string // of the host's key: SHA256:…
	Line        string // to add to File for this key
}

func (e *HostKeyError) Error() string {
	var text string
	switch {
	case e.Revoked:
		return fmt.Sprintf("the key of host %s, %s, is revoked in %s: somebody else may have it", e.Address,
			e.Fingerprint, e.File)
	case e.Changed:
		text = fmt.Sprintf("the key of host %s is not the one in %s but %s: either the host was set up anew, "+
			"or somebody stands between", e.Address, e.File, e.Fingerprint)
	default:
		text = fmt.Sprintf("the key of host %s is not in %s: if its fingerprint is %s, add the line\n%s",
			e.Address, e.File, e.Fingerprint, e.Line)
	}
	if e.Certificate != nil {
		text += fmt.Sprintf("\nIts certificate does not count: %v", e.Certificate)
	}
	if len(e.Bad) > 0 {
		text += fmt.Sprintf("\nOf that file, these lines cannot be read: %s", strings.Trim(fmt.Sprint(e.Bad), "[]"))
	}
	return text
}

// config returns the SSH configuration, which verifies the host key and authenticates the user.
func (s *SFTP) config(ctx context.Context) (*ssh.ClientConfig, error) {
	file := s.KnownHosts
	if file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(home, ".ssh", "known_hosts")
	}
	known, err := readKnownHosts(file)
	if err != nil {
		return nil, err
	}
	auth, err := s.auth(ctx)
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{
		User: s.User, Auth: []ssh.AuthMethod{auth}, ClientVersion: "SSH-2.0-friendlyfire",
		HostKeyAlgorithms: known.algorithms(s.Address),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			found, refused := known.check(s.Address, key)
			if found == keyKnown {
				return nil
			}
			if cert, ok := key.(*ssh.Certificate); ok {
				key = cert.Key
			}
			return &HostKeyError{
				Address: s.Address, File: file, Changed: found == keyChanged, Revoked: found == keyRevoked,
				Certificate: refused, Bad: known.bad, Fingerprint: ssh.FingerprintSHA256(key),
				Line: knownhosts.Line([]string{knownhosts.Normalize(s.Address)}, key),
			}
		},
	}, nil
}

// auth returns the authentication by KeyFile, or by the agent.
func (s *SFTP) auth(ctx context.Context) (ssh.AuthMethod, error) {
	if s.KeyFile == "" {
		socket := os.Getenv("SSH_AUTH_SOCK")
		if socket == "" {
			return nil, errors.New("neither key_file nor an agent (SSH_AUTH_SOCK) to log in with")
		}
		conn, err := (&net.Dialer{Timeout: callTimeout}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, err
		}
		s.agent = conn
		return ssh.PublicKeysCallback(agent.NewClient(conn).Signers), nil
	}
	text, err := os.ReadFile(s.KeyFile)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, fmt.Errorf("key file %s has a passphrase: use an agent, or a key without", s.KeyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("key file %s is no private key", s.KeyFile)
	}
	return ssh.PublicKeys(key), nil
}

// isRefusal reports whether the host refused the login. The library has no error type for that.
func isRefusal(err error) bool {
	return err != nil && strings.Contains(err.Error(), "unable to authenticate")
}
