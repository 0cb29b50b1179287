package app

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Code that nobody runs takes no memory, and runs when it is needed.
func TestTheProgramsOwnPagesAreReleased(t *testing.T) {
	before := ofFiles(t)
	for range 2 {
		if err := releaseProgram(); err != nil {
			t.Fatal(err)
		}
	}
	if after := ofFiles(t); after > before*3/4 {
		t.Errorf("%d kB of files are in memory, %d kB before", after, before)
	}
}

// ofFiles returns how much of the process's memory is pages of files, in kB.
func ofFiles(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nRssFile:")
	n, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
