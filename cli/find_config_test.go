package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
)

func TestConfigurationIsFoundHereThenInTheSystem(t *testing.T) {
	t.Chdir(t.TempDir())
	system := filepath.Join(t.TempDir(), "config.toml")
	named := filepath.Join(t.TempDir(), "named.toml")
	write := func(name, friend string) {
		t.Helper()
		text := strings.Replace(string(harness.Defaults()), `friendly = ["BE"]`, `friendly = ["`+friend+`"]`, 1)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := func(args ...string) (friends, said string) {
		t.Helper()
		var out, errs bytes.Buffer
		env := app.Env{Defaults: harness.Defaults(), Out: &out, Err: &errs, SystemFile: system}
		if code := Run(t.Context(), append(args, "report"), env); code != exitDone {
			t.Fatalf("code %d: %s", code, errs.String())
		}
		_, friends, _ = strings.Cut(out.String(), "Friendly (")
		friends, _, _ = strings.Cut(friends, ")")
		return friends, errs.String()
	}
	check := func(wantFriends, wantSaid string, args ...string) {
		t.Helper()
		if friends, said := report(args...); friends != wantFriends || said != wantSaid {
			t.Errorf("friends of %s, said %q; want %s, %q", friends, said, wantFriends, wantSaid)
		}
	}
	check("Belgium", "friendlyfire: there is no config.toml here and no "+system+", so the built-in one is used\n")
	write(system, "US")
	check("United States", "friendlyfire: there is no config.toml here, so this is about "+system+"\n")
	write("config.toml", "NL")
	check("Netherlands", "")
	write(named, "FR")
	check("France", "", "--config", named)
}
