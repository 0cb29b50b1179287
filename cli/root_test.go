package cli

import (
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot"
)

func TestMain(m *testing.M) { harness.Main(m, Main) }

func TestRunOnceReportsTheSampleAndEnds(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, want := range []string{"Read 1\u202f003 bans, 23 Oct to 22 Nov; 14 friendly. Alerts begin now.", ""} {
		out, stderr, code := s.Run("run", "--once")
		if code != 0 || stderr != "" || !strings.HasPrefix(out, want) || want == "" && out != "" {
			t.Errorf("code %d, stderr %q, printed %q, want %q", code, stderr, out, want)
		}
	}
}

// The program alone is a demonstration, whatever the day: it needs no file beside it, and no network.
func TestSampleNeedsNoFileAndDoesNotExpire(t *testing.T) {
	s := harness.NewScene(t, string(harness.Defaults()))
	for _, want := range []string{"; 14 friendly. Alerts begin now.", "These bans are the sample"} {
		if out := s.MustRun("run", "--once"); !strings.Contains(out, want) {
			t.Errorf("printed %q, want %q in it", out, want)
		}
	}
	if out := s.MustRun("check"); strings.Contains(out, "whois: ") {
		t.Errorf("registries are asked: %s", out)
	}
	if out := s.MustRun("report", "--since", "7d"); strings.HasPrefix(out, "No bans") {
		t.Errorf("nothing happened in the last days: %s", out)
	}
}

func TestT02RunOnceSaysThatItUnderstandsNothing(t *testing.T) {
	for name, line := range map[string]string{
		"a form of Fail2Ban": "2026-11-22 14:00:00,000 fail2ban.actions [1]: NOTICE  [sshd] Banned 192.0.2.1\n",
		"no time":            "192.0.2.1,sshd\n",
		"another program":    "Nov 22 14:00:00 web1 named[12]: query refused\n",
	} {
		s := harness.NewScene(t, harness.TableOnly)
		s.Write(s.Bans, []byte(line))
		if out := s.MustRun("run", "--once"); !strings.HasPrefix(out, "🔴 web1 brings ") {
			t.Errorf("%s: printed %q", name, out)
		}
	}
}

func TestExitCodes(t *testing.T) {
	s := harness.NewSampleScene(t)
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"version":          {[]string{"version"}, exitDone, ""},
		"help":             {[]string{"--help"}, exitDone, ""},
		"unknown command":  {[]string{"dance"}, exitUsage, "dance"},
		"nearly a command": {[]string{"reprot"}, exitUsage, `"reprot" is no command. Did you mean report?`},
		"nearly a kind": {
			[]string{"report", "--by", "jial"},
			exitUsage,
			"Did you mean jail?",
		},
		"other words":  {[]string{"report", "--by", "jails", "--since", "1w"}, exitDone, ""},
		"unknown flag": {[]string{"report", "--colour"}, exitUsage, "--colour"},
		"bad kind": {
			[]string{"report", "--by", "planet"},
			exitUsage,
			`--by "planet": want one of country, map, network, jail, friends, users, week, source, day, hour, strict, banned`,
		},
		"bad period": {
			[]string{"report", "--since", "1y"},
			exitUsage,
			`--since "1y": want one of 24h, 7d, 30d, all`,
		},
		"two formats":        {[]string{"report", "--json", "--csv"}, exitUsage, "--json and --csv"},
		"no address":         {[]string{"lookup", "example.org"}, exitUsage, `"example.org" is no address`},
		"nothing to look up": {[]string{"lookup"}, exitUsage, "at least 1 arg"},
		"no config": {
			[]string{"--config", "/nonexistent/config.toml", "report"},
			exitConfig,
			"/nonexistent/config.toml: cannot be read: no such file or directory",
		},
		"no directory": {
			[]string{"report", "--out", "/nonexistent/report.png"},
			exitFailed,
			"no such file or directory",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := s.Run(tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("code %d, want %d; stderr %q, want %q in it", code, tc.code, stderr, tc.says)
			}
		})
	}
}

func TestOnlyOneBotDeliversFromADatabase(t *testing.T) {
	s := harness.NewSampleScene(t)
	unlock, err := app.Lock(s.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	_, stderr, code := s.Run("run", "--once")
	if code != exitFailed || !strings.Contains(stderr, "in use by another friendlyfire") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func TestShellsCompleteWhatFlagsTake(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, tc := range []struct{ args, want []string }{
		{[]string{"report", "--by", ""}, bot.Kinds()},
		{[]string{"report", "--since", ""}, bot.Periods()},
		{[]string{"import", "--source", ""}, []string{"web1"}},
		{[]string{"pair", ""}, app.PairNames()},
	} {
		out := s.MustRun(append([]string{"__complete"}, tc.args...)...)
		got, _, _ := strings.Cut(out, "\n:")
		if want := strings.Join(tc.want, "\n"); got != want {
			t.Errorf("%q is completed by %q, want %q", tc.args, got, want)
		}
	}
}
