package ingest

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Reading all files of a source ends with its context, in the midst of a file.
func TestEachFileEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fail2ban.log")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read := 0
	err := EachFile(ctx, Local{path}, time.Time{}, func(in io.Reader) error {
		for {
			n, err := in.Read(make([]byte, 1000))
			if read += n; err != nil {
				return err
			}
			stop()
		}
	}, func(gap Gap) { t.Errorf("a gap: %+v", gap) })
	if !errors.Is(err, context.Canceled) || read != 1000 {
		t.Errorf("%d bytes, %v", read, err)
	}
}
