package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/bot"
)

const tableOnly = `
friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "$DIR/bans.csv"
[enrich]
whois = false
`

// sampled is a scene whose file of bans is the shipped sample.
func sampled(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, tableOnly)
	sample, err := os.ReadFile("sample/bans.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.bans, sample, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunOnceTellsOfTheSampleAndEnds(t *testing.T) {
	s := sampled(t)
	for _, want := range []string{"Imported 1,003 bans of 2026-10-23 to 2026-11-22; 14 of friendly countries.", ""} {
		out, stderr, code := s.run("run", "--once")
		if code != 0 || stderr != "" || !strings.HasPrefix(out, want) || want == "" && out != "" {
			t.Errorf("code %d, stderr %q, printed %q, want %q", code, stderr, out, want)
		}
	}
}

func TestReportJSONHasTheDocumentedShape(t *testing.T) {
	s := sampled(t)
	for _, kind := range bot.Kinds() {
		out, stderr, code := s.run("report", "--by", kind, "--json")
		if code != 0 || stderr != "" {
			t.Fatalf("code %d: %s", code, stderr)
		}
		var got struct {
			By    string `json:"by"`
			Since string `json:"since"`
			Total int    `json:"total"`
			Rows  []struct {
				Key       *string `json:"key"`
				Name      *string `json:"name"`
				Bans      int     `json:"bans"`
				Addresses int     `json:"addresses"`
				Friendly  *int    `json:"friendly"`
			} `json:"rows"`
		}
		in := json.NewDecoder(strings.NewReader(out))
		in.DisallowUnknownFields()
		if err := in.Decode(&got); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		sum, friendly, last := 0, 0, 1<<30
		for _, row := range got.Rows {
			if row.Key == nil || row.Name == nil || row.Friendly == nil || row.Bans > last || row.Addresses > row.Bans || row.Addresses < 1 {
				t.Errorf("%s: bad row %+v", kind, row)
			}
			sum, friendly, last = sum+row.Bans, friendly+*row.Friendly, row.Bans
		}
		if got.By != kind || got.Since != "all" || got.Total != 1003 || sum != 1003 || friendly != 14 {
			t.Errorf("%s: by %q since %q total %d, rows sum to %d, %d friendly", kind, got.By, got.Since, got.Total, sum, friendly)
		}
	}
}

func TestReportWithoutBansIsEmptyAndNoError(t *testing.T) {
	s := newScene(t, tableOnly)
	out, _, code := s.run("report", "--json", "--since", "24h")
	if want := `{"by":"country","since":"24h","total":0,"rows":[]}`; code != 0 || strings.TrimSpace(out) != want {
		t.Errorf("code %d, %q, want %q", code, out, want)
	}
}

func TestReportDrawsEveryKind(t *testing.T) {
	s := sampled(t)
	for _, kind := range bot.Kinds() {
		name := filepath.Join(s.dir, kind+".png")
		if _, stderr, code := s.run("report", "--by", kind, "--out", name); code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(f)
		if err != nil || picture.Bounds().Dx() != 1280 {
			t.Errorf("%s: no picture of 1280 pixels: %v", kind, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLookupJSONHasTheDocumentedShape(t *testing.T) {
	s := sampled(t)
	out, stderr, code := s.run("lookup", "--json", belgian, "::ffff:192.168.1.1")
	want := `{"ip":"34.38.29.62","country":"BE","table":"BE","whois":"","network":"","name":"","source":"table","bans":1}
{"ip":"192.168.1.1","country":"","table":"","whois":"","network":"","name":"","source":"","bans":0}
`
	if code != 0 || stderr != "" || out != want {
		t.Errorf("code %d, stderr %q, got\n%swant\n%s", code, stderr, out, want)
	}
}

func TestExitCodes(t *testing.T) {
	s := sampled(t)
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"version":         {[]string{"version"}, 0, ""},
		"help":            {[]string{"--help"}, 0, ""},
		"unknown command": {[]string{"dance"}, 2, "dance"},
		"unknown flag":    {[]string{"report", "--colour"}, 2, "--colour"},
		"bad kind":        {[]string{"report", "--by", "planet"}, 2, `--by "planet": want one of country, jail, source, day, hour, strict`},
		"bad period":      {[]string{"report", "--since", "1y"}, 2, `--since "1y": want one of 24h, 7d, 30d, all`},
		"no address":      {[]string{"lookup", "example.org"}, 2, `"example.org" is no address`},
		"nothing to look": {[]string{"lookup"}, 2, "at least 1 arg"},
		"no config":       {[]string{"--config", "/nonexistent/config.toml", "report"}, 78, "/nonexistent/config.toml: cannot be read: no such file or directory"},
		"no directory":    {[]string{"report", "--out", "/nonexistent/report.png"}, 1, "no such file or directory"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := s.run(tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("code %d, want %d; stderr %q, want %q in it", code, tc.code, stderr, tc.says)
			}
		})
	}
}

func TestVersionNamesTheTableAndItsLicence(t *testing.T) {
	out, _, _ := newScene(t, tableOnly).run("version")
	for _, want := range []string{"friendlyfire ", "CC BY 4.0", "nro.net"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	s := sampled(t)
	out, _, code := s.run("check")
	if code != 0 || !strings.Contains(out, "last ban 2026-11-22 11:16:56 UTC") || !strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("code %d: %s", code, out)
	}
	if err := os.Remove(s.bans); err != nil {
		t.Fatal(err)
	}
	out, _, code = s.run("check")
	if code != 1 || !strings.Contains(out, "PROBLEM  source web1: ") || !strings.Contains(out, "no such file") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestOnlyOneBotDeliversFromADatabase(t *testing.T) {
	s := sampled(t)
	unlock, err := lock(filepath.Join(s.dir, "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, stderr, code := s.run("run", "--once"); code != 1 || !strings.Contains(stderr, "in use by another friendlyfire") {
		t.Errorf("code %d, %q", code, stderr)
	}
}
