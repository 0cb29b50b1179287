package cli

import (
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
)

// Promise: a friendly autonomous system that the table does not know is named, with what to do: a wrong digit would
// otherwise make nobody a friend, and nothing would say so.
func TestCheckNamesFriendlySystemsThatTheTableDoesNotKnow(t *testing.T) {
	s := harness.NewSampleScene(t, harness.Change{`friendly = ["BE"]`, `friendly = ["BE", "AS5432", "AS64999"]`})
	out, stderr, _ := s.Run("check")
	const want = "note     friendly: nobody is friendly by AS64999: no network of it is in "
	if !strings.Contains(out, want) || !strings.Contains(out, "friendlyfire lookup ADDRESS") || strings.Contains(out, "by AS5432") {
		t.Errorf("%s%s, want %q in it", out, stderr, want)
	}
}
