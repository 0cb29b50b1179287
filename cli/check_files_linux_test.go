package cli

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
)

// Every secret that a platform's section names is the bot's own affair: its password, its URLs, its keys.
func TestCheckByRootIsAboutEverySecretOfThePlatforms(t *testing.T) {
	var others []harness.Fake
	for _, start := range harness.Others() {
		others = append(others, start(t, false))
	}
	both := harness.OnLoopback(t).With(others...)
	s := newRightsScene(t)
	chats := harness.NewChatScene(t, both)
	_, sections, _ := strings.Cut(chats.ReadConfig(), "[telegram]")
	s.Write(s.Config, []byte(s.ReadConfig()+"[telegram]"+sections))
	give(t, s.Bans, 0o644, 0, 0)
	files := []string{"telegram", "discord"}
	for _, other := range others {
		for name := range other.Files() {
			files = append(files, name)
		}
	}
	for _, name := range files {
		give(t, filepath.Join(chats.Dir, name), 0o600, 0, 0)
	}
	give(t, chats.Dir, 0o755, 0, 0)
	give(t, filepath.Dir(chats.Dir), 0o755, 0, 0)
	out, _, code := s.Run("check")
	lines := strings.Split(out, "\n")
	for _, name := range files {
		path := filepath.Join(chats.Dir, name)
		if !slices.Contains(lines, "PROBLEM  rights: "+path+": the bot's user daemon may not read it") ||
			!slices.Contains(lines, "         It is for the bot alone: sudo chown daemon "+path) {
			t.Errorf("nothing of %s, code %d", path, code)
		}
		give(t, path, 0o600, 1, 1)
	}
	if len(files) < 6 || code != exitFailed {
		t.Errorf("files %q, code %d: %s", files, code, out)
	}
	if out, _, _ := s.Run("check"); strings.Contains(out, "rights:") {
		t.Errorf("they are the bot's now:\n%s", out)
	}
}
