package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
)

// The check names the rotated files that were not read, and the command that it prints imports them.
func TestCheckPrintsTheCommandThatImports(t *testing.T) {
	s := harness.NewSampleScene(t)
	old := "DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH\n" +
		fmt.Sprintf("2026-01-01,00:00:00,192.0.2.1,sshd,5,600,1,%d\n", time.Now().AddDate(0, 0, -60).Unix())
	s.Write(s.Bans+".1", []byte(old))
	if _, stderr, code := s.Run("run", "--once"); code != 0 || !strings.Contains(stderr, "was not read") {
		t.Errorf("code %d: %s", code, stderr)
	}
	out, _, _ := s.Run("check")
	at := strings.Index(out, "friendlyfire --config ")
	if at < 0 {
		t.Fatal(out)
	}
	command, _, _ := strings.Cut(out[at:], "\n")
	words := strings.Fields(command)
	printed, stderr, code := s.Run(words[3:]...)
	if want := "Imported: files 1, lines 2, bans 1, new 1, rejects 0, gaps 0.\n"; code != 0 || printed != want {
		t.Errorf("code %d, %q, %s, want %q", code, printed, stderr, want)
	}
	if out, _, _ := s.Run("check"); strings.Contains(out, "import --source") {
		t.Errorf("it is still offered:\n%s", out)
	}
	if printed, _, _ := s.Run(words[3:]...); !strings.HasPrefix(printed, "Imported: files 0") {
		t.Error(printed)
	}
}

func TestImportNamesTheSourcesAndWhatCannotBeRead(t *testing.T) {
	s := harness.NewSampleScene(t)
	_, stderr, code := s.Run("import", "--source", "nobody", s.Config)
	if code != 2 || !strings.Contains(stderr, `there is no source "nobody"`) || !strings.Contains(stderr, " has ") {
		t.Errorf("code %d: %s", code, stderr)
	}
	if _, _, code := s.Run("import", s.Config); code != 2 {
		t.Errorf("without a source: code %d", code)
	}
	name := filepath.Join(s.Dir, "old.log.gpg")
	s.Write(name, []byte("\x85\x01"))
	out, stderr, code := s.Run("import", "--source", "web1", name)
	if code != 1 || !strings.Contains(out, "gaps 1.") || !strings.Contains(stderr, name+" cannot be read: encrypted") {
		t.Errorf("code %d, %s%s", code, out, stderr)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}
