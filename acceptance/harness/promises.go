package harness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Reached reports the figure of a promise, for the table that `make long` prints.
func Reached(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Attr("reached", fmt.Sprintf(format, args...))
}

// Size is how large a test is: under -short, where the race detector slows everything down; usually; and with
// -tags=long, which is the size of the promise.
func Size(race, usual, full int) int {
	switch {
	case Long:
		return full
	case testing.Short():
		return race
	}
	return usual
}

// Random is a source of numbers that differ from run to run. Its seed is logged.
func Random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// Needs skips the test on machines without a program that it runs, unless they are required to have it.
func Needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("FRIENDLYFIRE_TEST_FAIL2BAN") == "required" {
				t.Fatalf("FRIENDLYFIRE_TEST_FAIL2BAN=required, but %v", err)
			}
			t.Skipf("no %s is installed on this machine", program)
		}
	}
}
