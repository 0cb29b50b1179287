package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"friendlyfire/acceptance/harness"
)

// A collection of files in the form of public reports, where there is one. Its expected.tsv has a line for each file:
// number, name, options, commands, "bans/friends/hours", whether a refusal will do, and where the form is from.
func TestT01TheWildIsReadRightOrRefusedAloud(t *testing.T) {
	dir := os.Getenv("WILD_CORPUS")
	if dir == "" {
		t.Skip("WILD_CORPUS names no collection of files")
	}
	t.Parallel()
	list, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	must(t, err)
	for line := range strings.Lines(string(list)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if _, err := strconv.Atoi(fields[0]); err != nil || len(fields) < 6 {
			continue // a heading
		}
		t.Run(fields[1], func(t *testing.T) {
			t.Parallel()
			readWild(t, filepath.Join(dir, fields[1]), fields[2], fields[4], fields[5])
		})
	}
}

// report is what report --json prints, as far as it is compared.
type report struct {
	Total int
	Rows  []struct {
		Key      string
		Friendly int
	}
}

func readWild(t *testing.T, file, options, want, refusable string) {
	zone := "UTC"
	if z, ok := strings.CutPrefix(options, "timezone="); ok {
		zone = z
	}
	s := harness.NewScene(t, `friendly = ["BE"]
timezone = "UTC"
database = "$DIR/friendlyfire.db"
[[source]]
name = "web1"
path = "`+file+`"
timezone = "`+zone+`"
[enrich]
whois = false
`)
	_, _, code := s.Run("run", "--once")
	said, _, checked := s.Run("check")
	ask := func(by string) (r report) {
		must(t, json.Unmarshal([]byte(s.MustRun("report", "--json", "--by", by)), &r))
		return r
	}
	friends, hours := 0, []string{}
	byCountry := ask("country")
	for _, row := range byCountry.Rows {
		friends += row.Friendly
	}
	for _, row := range ask("hour").Rows {
		hours = append(hours, row.Key)
	}
	if byCountry.Total == 0 && refusable != "no" {
		if checked == 0 || !strings.Contains(said, "PROBLEM  source web1: ") {
			t.Errorf("not read, and not refused either: run --once ends with %d, check with %d:\n%s", code, checked, said)
		}
		return
	}
	counts, _, _ := strings.Cut(want, " ")
	counts, _, _ = strings.Cut(counts, ";")
	parts := strings.SplitN(counts, "/", 3)
	if got := []string{strconv.Itoa(byCountry.Total), strconv.Itoa(friends)}; !slices.Equal(got, parts[:2]) {
		t.Errorf("%v bans/friends, want %s", got, want)
	}
	if len(parts) == 3 {
		_, all, _ := strings.Cut(want, parts[0]+"/"+parts[1]+"/")
		all, _, _ = strings.Cut(all, ";")
		if wanted := strings.Split(all, " and "); !slices.Equal(sorted(hours), sorted(wanted)) {
			t.Errorf("hours %v, want %s", hours, want)
		}
	}
	if checked != 0 {
		t.Errorf("check finds problems in what was read:\n%s", said)
	}
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
