package acceptance

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// What is tried first asks nobody: with its own configuration the program opens no socket to any network, whatever is
// typed, although whois is on.
func TestTheDemonstrationAsksNoNetwork(t *testing.T) {
	t.Parallel()
	harness.Needs(t, "strace")
	s := harness.NewScene(t, string(harness.Defaults()))
	trace := filepath.Join(s.Dir, "trace")
	strace := []string{"strace", "-f", "-A", "-o", trace, "-e", "trace=%network"}

	s.Wrapper = slices.Concat(strace, []string{"-D"}) // the program is our child, strace its grandchild
	cmd := s.Command(t.Context())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out harness.Transcript
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ typed, answer string }{
		{"", "14 friendly. Alerts begin now."},
		{"/report\n", "Bans by country"},
		{"/ip 192.0.2.1\n", "was never banned here"},
		{"/status\n", "All is well"},
	} {
		if _, err := io.WriteString(stdin, step.typed); err != nil {
			t.Fatal(err)
		}
		harness.Await(t, 30*time.Second, step.answer, func() bool { return strings.Contains(out.String(), step.answer) })
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("stopped with %v", err)
	}
	var calls []byte
	exited := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, cmd.Process.Pid))
	harness.Await(t, time.Minute, "the end of the trace", func() bool {
		calls, _ = os.ReadFile(trace)
		return exited.Match(calls)
	})

	s.Wrapper = strace
	s.MustRun("check")
	s.MustRun("report", "--by", "network")
	if calls, err = os.ReadFile(trace); err != nil {
		t.Fatal(err)
	}
	if asked := regexp.MustCompile(`(?m)^.*AF_INET.*$`).FindAllString(string(calls), -1); asked != nil {
		t.Errorf("%d calls, the first: %s\n%s", len(asked), asked[0], out.String())
	}
}
