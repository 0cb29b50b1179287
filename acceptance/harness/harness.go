// Package harness runs the program for tests: in a scene of its own (a folder with a configuration and a file of bans),
// as a process of its own, against fakes of the chat platforms.
package harness

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// variable is set in the environment of a test binary that is to be the program itself. It holds the built-in
// configuration: the text, since a user that a test becomes may be unable to read the source.
const variable = "FRIENDLYFIRE_TEST_RUN"

// Main is the TestMain of a package whose tests start the program. The test binary is the program itself when a test
// has started it, and runs the tests otherwise.
func Main(m *testing.M, program func(defaults []byte) int) {
	defaults := os.Getenv(variable)
	if defaults == "" {
		// Most tests wait most of the time, so that more of them run side by side than there are processors; -parallel
		// says otherwise.
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	// The linker leaves the memory profile out of the program, since nothing reads it there. A test binary keeps it:
	// its table of 1.4 MB would fill up page by page for hours and look like a leak.
	runtime.MemProfileRate = 0
	os.Exit(program([]byte(defaults)))
}

// ExitConfig is the exit code of a program whose configuration is wrong: EX_CONFIG of sysexits.h.
const ExitConfig = 78

// Root is the folder of the module. Test binaries start in the folder of their package.
var Root = func() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return "" // this is the program, and a test has started it elsewhere
}()

// Defaults is the built-in configuration.
func Defaults() []byte {
	data, err := os.ReadFile(filepath.Join(Root, "config.toml"))
	if err != nil {
		panic(err)
	}
	return data
}

// AsProgram is the variable that makes a test binary the program.
func AsProgram() string { return variable + "=" + string(Defaults()) }
