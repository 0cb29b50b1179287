package config

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"friendlyfire/store"
)

// Secret is a text that no log, message, dump or encoding shows. The zero Secret is empty.
//
// The text is in a function because fmt prints the unexported fields of structs without calling the fields' methods.
type Secret struct{ reveal func() string }

var (
	_ fmt.Formatter          = Secret{}
	_ slog.LogValuer         = Secret{}
	_ encoding.TextMarshaler = Secret{}
)

// NewSecret returns a Secret of the text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text. It is for the one place that sends it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String returns "[secret]", or "[none]" if there is none.
func (s Secret) String() string {
	if s.Empty() {
		return "[none]"
	}
	return "[secret]"
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// readSecret returns the text of a small regular file that only its owner can read, without the white space around it.
// The error is a *fs.PathError, or says what is wrong with the file without naming it.
func readSecret(path string) (string, error) {
	text, err := readSecretFile(path)
	return strings.TrimSpace(text), err
}

// readSecretFile is readSecret with the white space.
func readSecretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if err := ownersOnly(path, info); err != nil {
		return "", err
	}
	if info.Size() > 16<<10 {
		return "", fmt.Errorf("is too long for a secret: %d bytes", info.Size())
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// ownersOnly returns an error if others than the owner may read the file. Credentials that systemd provides are
// protected by their directory; their access list for the user of the service looks like rights of the group.
func ownersOnly(path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case !mode.IsRegular():
		return errors.New("is no regular file")
	case isCredential(path) && mode.Perm()&^0o440 == 0:
		return nil
	case mode.Perm()&0o077 != 0:
		return fmt.Errorf("others may read it (mode %04o): chmod 600 %s", mode.Perm(), store.ShellQuote(path))
	}
	return nil
}

// isCredential reports whether systemd provides the file as a credential, to this process or to another service.
func isCredential(path string) bool {
	own, dir := os.Getenv("CREDENTIALS_DIRECTORY"), filepath.Dir(path)
	return own != "" && dir == filepath.Clean(own) || filepath.Dir(dir) == "/run/credentials"
}
