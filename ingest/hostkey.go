package ingest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKeyError reports a host whose key is unknown, or not the known one. No secret has been sent to it.
type HostKeyError struct {
	Address     string
	File        string // of known hosts
	Changed     bool   // the host is known with another key
	Fingerprint string // of the host's key: SHA256:…
	Line        string // to add to File for this key
}

func (e *HostKeyError) Error() string {
	if e.Changed {
		return fmt.Sprintf("the key of host %s is not the one in %s but %s: either the host was set up anew, "+
			"or somebody stands between", e.Address, e.File, e.Fingerprint)
	}
	return fmt.Sprintf("the key of host %s is not in %s: if its fingerprint is %s, add the line\n%s",
		e.Address, e.File, e.Fingerprint, e.Line)
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
	known, err := knownhosts.New(file)
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	auth, err := s.auth(ctx)
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{
		User: s.User, Auth: []ssh.AuthMethod{auth}, ClientVersion: "SSH-2.0-friendlyfire",
		HostKeyAlgorithms: s.algorithms(known),
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			err := known(address, remote, key)
			if wrong, ok := errors.AsType[*knownhosts.KeyError](err); ok {
				return &HostKeyError{
					Address: s.Address, File: file, Changed: len(wrong.Want) > 0,
					Fingerprint: ssh.FingerprintSHA256(key),
					Line:        knownhosts.Line([]string{knownhosts.Normalize(s.Address)}, key),
				}
			}
			return err
		},
	}, nil
}

// algorithms returns the algorithms of the host's known keys. A host has several keys, and might otherwise offer an
// unknown one although another is known. For an unknown host it returns none, and the host may offer any key.
func (s *SFTP) algorithms(known ssh.HostKeyCallback) (all []string) {
	dummy, err := ssh.NewPublicKey(make(ed25519.PublicKey, ed25519.PublicKeySize))
	if err != nil {
		return nil
	}
	wrong, _ := errors.AsType[*knownhosts.KeyError](known(s.Address, &net.TCPAddr{}, dummy))
	if wrong == nil {
		return nil
	}
	for _, want := range wrong.Want {
		algorithms := []string{want.Key.Type()}
		if want.Key.Type() == ssh.KeyAlgoRSA { // as a signature algorithm, the key's name means insecure SHA-1
			algorithms = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, a := range algorithms {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
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
