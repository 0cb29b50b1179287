package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
)

func TestPairNeedsATerminal(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, args := range [][]string{{"pair", "telegram"}, {"pair", "discord", "--write"}} {
		if _, stderr, code := s.Run(args...); code != 1 || !strings.Contains(stderr, "run it in a terminal") {
			t.Errorf("code %d: %s", code, stderr)
		}
	}
	for _, args := range [][]string{{"pair"}, {"pair", "terminal"}, {"pair", "telegram", "discord"}} {
		if _, stderr, code := s.Run(args...); code != 2 {
			t.Errorf("%q: code %d: %s", args, code, stderr)
		}
	}
}

func TestPairEndsAfterTenMinutes(t *testing.T) {
	for _, platform := range []string{"telegram", "discord"} {
		t.Run(platform, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both := harness.InMemory(t)
				s := harness.NewChatScene(t, both)
				var out bytes.Buffer
				env := app.Env{File: s.Config, In: strings.NewReader(""), Out: &out, Err: &out, Dial: both.Dial}
				begun := time.Now()
				err := pair(t.Context(), env, platform, false)
				took := time.Since(begun)
				if !errors.Is(err, errExpired) || took < codeLives || took > codeLives+time.Second {
					t.Errorf("ended after %v with %v", took, err)
				}
				if strings.Contains(out.String(), "CANARY") {
					t.Error("a token is shown")
				}
			})
		})
	}
}

func TestCodesAreSixDigitsAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := newCode()
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	if len(seen) < 990 { // on average, half a code repeats
		t.Errorf("%d codes of 1000 differ", len(seen))
	}
}
