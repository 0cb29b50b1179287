package harness

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Await waits until something holds.
func Await(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// Reached reports the figure of a promise, for the table that `make long` prints.
func Reached(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Attr("reached", fmt.Sprintf(format, args...))
}

// Size is how much of something a test takes: under -short, where the race detector makes everything slow; usually; and
// with -tags=long, the contract's measure.
func Size(race, usual, full int) int {
	switch {
	case Long:
		return full
	case testing.Short():
		return race
	}
	return usual
}

// Needs skips the test on machines without a program that it runs, unless they ought to have it.
func Needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" {
			t.Fatalf("FRIENDLYFIRE_TEST_FAIL2BAN=required, but %v", err)
		}
		t.Skipf("no %s is installed on this machine", program)
	}
}

// FreePort is an address on which nobody listens.
func FreePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Get makes a request; code is 0 where nobody answers.
func Get(t *testing.T, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// IsPicture reports whether data is a PNG of the width that charts have.
func IsPicture(data []byte) bool {
	picture, err := png.Decode(bytes.NewReader(data))
	return err == nil && picture.Bounds().Dx() == 1280
}

// FileSize is in bytes, 0 for a file that is not there.
func FileSize(path ...string) int64 {
	info, err := os.Stat(filepath.Join(path...))
	if err != nil {
		return 0
	}
	return info.Size()
}
