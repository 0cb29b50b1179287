package cli

import (
	"testing"

	"friendlyfire/acceptance/harness"
)

func TestLookupJSONHasTheDocumentedShape(t *testing.T) {
	s := harness.NewSampleScene(t)
	out, stderr, code := s.Run("lookup", "--json", harness.Belgian, "::ffff:192.168.1.1")
	want := `
{"ip":"34.38.29.62","country":"BE","table":"BE","whois":"","network":"","name":"","source":"table","bans":1,` +
		`"as":396982,"holder":"Google LLC","verdict":"unclear","reasons":["an address of a hosting company","no log lines are known"]}
{"ip":"192.168.1.1","country":"","table":"","whois":"","network":"","name":"","source":"","bans":0,` +
		`"as":0,"holder":"","verdict":"","reasons":[]}
`
	if code != 0 || stderr != "" || out != want[1:] {
		t.Errorf("code %d, stderr %q, got\n%swant\n%s", code, stderr, out, want)
	}
}
