package ingest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // it hides names in the file's format, and protects nothing
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// knownHosts is a known_hosts file, read as OpenSSH does (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): a line that cannot be
// read counts for nothing, a line is of every name that its patterns match, an authority signs the keys of hosts, and
// what is revoked is believed of no host of the line. The library's reader gives up the file for one such line, takes
// an authority's key for a host's, and knows revoked keys of all hosts alike.
type knownHosts struct {
	file  string
	lines []knownLine
	bad   []int // numbers of the lines that cannot be read, counted from 1
}

// knownLine is a line of the file.
type knownLine struct {
	marker string // "", authorityMarker or revokedMarker
	hosts  string // patterns, or one hashed name
	key    ssh.PublicKey
}

const (
	authorityMarker = "@cert-authority"
	revokedMarker   = "@revoked"
)

// maxKnownHosts is how much of the file is read, in bytes.
const maxKnownHosts = 16 << 20

func readKnownHosts(file string) (*knownHosts, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKnownHosts))
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	k := &knownHosts{file: file}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if known, err := parseKnownLine(string(line)); err != nil {
			k.bad = append(k.bad, number)
		} else {
			k.lines = append(k.lines, known)
		}
	}
	return k, nil
}

// BadKnownHosts returns the numbers of the lines of a known_hosts file that cannot be read, and count for nothing.
func BadKnownHosts(file string) ([]int, error) {
	k, err := readKnownHosts(file)
	if err != nil {
		return nil, err
	}
	return k.bad, nil
}

var errKnownLine = errors.New("no line of known_hosts")

func parseKnownLine(text string) (l knownLine, err error) {
	fields := strings.Fields(text)
	if fields[0] == authorityMarker || fields[0] == revokedMarker {
		l.marker, fields = fields[0], fields[1:]
	}
	if len(fields) < 3 || fields[0][0] == '@' {
		return l, errKnownLine
	}
	l.hosts = fields[0]
	if l.hosts[0] == '|' && hashedName(l.hosts) == nil {
		return l, errKnownLine
	}
	blob, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return l, errKnownLine
	}
	if l.key, err = ssh.ParsePublicKey(blob); err != nil || l.key.Type() != fields[1] {
		return l, errKnownLine
	}
	return l, nil
}

// hashedName returns a function that reports whether a name is the one in |1|salt|hash; nil if that is none.
func hashedName(text string) func(name string) bool {
	parts := strings.Split(text, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return nil
	}
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	want, err2 := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || err2 != nil || len(salt) != sha1.Size || len(want) != sha1.Size {
		return nil
	}
	return func(name string) bool {
		mac := hmac.New(sha1.New, salt)
		mac.Write([]byte(name))
		return hmac.Equal(mac.Sum(nil), want)
	}
}

// is reports whether the line is of a host of that name. A pattern after ! takes out what it matches.
func (l *knownLine) is(name string) bool {
	if l.hosts[0] == '|' {
		return hashedName(l.hosts)(name)
	}
	found := false
	for pattern := range strings.SplitSeq(strings.ToLower(l.hosts), ",") {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if matchesName(pattern, name) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// matchesName reports whether a pattern, in which * is any text and ? any byte, matches the whole name.
func matchesName(pattern, name string) bool {
	star, from := -1, 0 // the last *, and what of the name it does not take
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// hostNames returns the names under which a host is looked up: without its port only where nothing is known of it with
// it.
func hostNames(address string) []string {
	host, port, err := net.SplitHostPort(address)
	host = strings.ToLower(host)
	if err != nil || port == "22" {
		return []string{host}
	}
	return []string{"[" + host + "]:" + port, host}
}

// of returns the lines of a host with the marker.
func (k *knownHosts) of(name, marker string) (keys []ssh.PublicKey) {
	for i := range k.lines {
		if l := &k.lines[i]; l.marker == marker && l.is(name) {
			keys = append(keys, l.key)
		}
	}
	return keys
}

func hasKey(keys []ssh.PublicKey, key ssh.PublicKey) bool {
	return slices.ContainsFunc(keys, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), key.Marshal()) })
}

// standing is what a file says of a host's key.
type standing int

const (
	keyUnknown standing = iota
	keyKnown
	keyChanged // another key is known
	keyRevoked
)

// check says what is known of the key that the host shows. If it has a certificate that is not accepted, the key counts
// alone, and refused says why.
func (k *knownHosts) check(address string, key ssh.PublicKey) (s standing, refused error) {
	cert, certified := key.(*ssh.Certificate)
	if certified {
		host, _, _ := net.SplitHostPort(address)
		for _, name := range hostNames(address) {
			revoked := k.of(name, revokedMarker)
			if hasKey(revoked, cert.Key) || hasKey(revoked, cert.SignatureKey) {
				return keyRevoked, nil
			}
			if hasKey(k.of(name, authorityMarker), cert.SignatureKey) {
				if refused = checkCertificate(strings.ToLower(host), cert); refused == nil {
					return keyKnown, nil
				}
				break
			}
		}
		key = cert.Key
	}
	for _, name := range hostNames(address) {
		known := k.of(name, "")
		switch {
		case hasKey(k.of(name, revokedMarker), key):
			return keyRevoked, refused
		case hasKey(known, key):
			return keyKnown, nil
		case len(known) > 0:
			return keyChanged, refused
		}
	}
	return keyUnknown, refused
}

// checkCertificate returns why a certificate that a known authority has signed is not good for the host; nil if it is.
// One without names is good for all hosts.
func checkCertificate(host string, cert *ssh.Certificate) error {
	if cert.CertType != ssh.HostCert {
		return errors.New("the certificate is not of a host")
	}
	if f := cert.Signature.Format; f == ssh.KeyAlgoRSA || f == "ssh-dss" {
		return fmt.Errorf("the certificate is signed by %s, which is not safe any more", f)
	}
	return (&ssh.CertChecker{}).CheckCert(host, cert)
}

// algorithms returns the algorithms in which the host may show a key, the best first: those of its known keys, since it
// might otherwise show another one that is not known, and those of certificates, if an authority is known for it. A
// host of which no key is known may show any.
func (k *knownHosts) algorithms(address string) []string {
	authority := false
	var types []string // of its known keys
	for _, name := range hostNames(address) {
		authority = authority || len(k.of(name, authorityMarker)) > 0
		for _, key := range k.of(name, "") {
			types = append(types, key.Type())
		}
		if len(types) > 0 {
			break
		}
	}
	var plain, certified []string
	for _, algorithm := range ssh.SupportedAlgorithms().HostKeys {
		of, _, isCertified := strings.Cut(algorithm, "-cert-")
		if of == ssh.KeyAlgoRSASHA512 || of == ssh.KeyAlgoRSASHA256 {
			of = ssh.KeyAlgoRSA
		}
		wanted := len(types) == 0 || slices.Contains(types, of)
		switch {
		case isCertified && (wanted || authority):
			certified = append(certified, algorithm)
		case !isCertified && wanted:
			plain = append(plain, algorithm)
		}
	}
	if authority {
		return append(certified, plain...)
	}
	return append(plain, certified...)
}
