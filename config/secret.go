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
// It hides in a function because fmt prints the unexported fields of foreign structs without asking their methods.
type Secret struct{ reveal func() string }

var (
	_ fmt.Formatter          = Secret{}
	_ slog.LogValuer         = Secret{}
	_ encoding.TextMarshaler = Secret{}
)

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String returns a placeholder.
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

// readSecret returns the trimmed text of a small regular file that nobody but its owner can read.
// Credentials that systemd lays out are guarded by their directory: an access list for the service's user shows in
// their mode as rights of the group.
func readSecret(path string) (string, error) {
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
	return strings.TrimSpace(string(text)), err
}

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

// isCredential reports whether systemd laid out the file: for this process, or for a service that runs beside it.
func isCredential(path string) bool {
	own, dir := os.Getenv("CREDENTIALS_DIRECTORY"), filepath.Dir(path)
	return own != "" && dir == filepath.Clean(own) || filepath.Dir(dir) == "/run/credentials"
}
