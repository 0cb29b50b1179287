package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// timeForms are ways to write a time, in one column or two. What does not tell the zone is local time.
var timeForms = map[string]func(time.Time) []string{
	"date and time":    func(at time.Time) []string { return []string{at.Format("2006-01-02"), at.Format("15:04:05")} },
	"slashes":          func(at time.Time) []string { return []string{at.Format("2006/01/02"), at.Format("15:04:05")} },
	"dots":             func(at time.Time) []string { return []string{at.Format("02.01.2006"), at.Format("15:04:05")} },
	"month first":      func(at time.Time) []string { return []string{at.Format("01/02/2006"), at.Format("15:04:05")} },
	"day first":        func(at time.Time) []string { return []string{at.Format("02/01/2006"), at.Format("15:04:05")} },
	"one column":       func(at time.Time) []string { return []string{at.Format("2006-01-02 15:04:05")} },
	"month first, one": func(at time.Time) []string { return []string{at.Format("1/2/2006 3:04:05 PM")} },
	"day first, one":   func(at time.Time) []string { return []string{at.Format("02-01-2006 15:04:05")} },
	"ISO":              func(at time.Time) []string { return []string{at.Format("2006-01-02T15:04:05")} },
	"RFC 3339":         func(at time.Time) []string { return []string{at.Format(time.RFC3339)} },
	"RFC 3339, UTC":    func(at time.Time) []string { return []string{at.UTC().Format("2006-01-02T15:04:05.000Z")} },
	"RFC 1123":         func(at time.Time) []string { return []string{at.Format(time.RFC1123Z)} },
	"ctime":            func(at time.Time) []string { return []string{at.Format("Mon Jan _2 15:04:05 2006")} },
	"date(1)":          func(at time.Time) []string { return []string{at.Format("Mon Jan _2 15:04:05 MST 2006")} },
	"web server":       func(at time.Time) []string { return []string{at.Format("02/Jan/2006:15:04:05 -0700")} },
	"seconds":          func(at time.Time) []string { return []string{strconv.FormatInt(at.Unix(), 10)} },
	"with decimals":    func(at time.Time) []string { return []string{strconv.FormatInt(at.Unix(), 10) + ".123"} },
	"milliseconds":     func(at time.Time) []string { return []string{strconv.FormatInt(at.UnixMilli(), 10)} },
	"microseconds":     func(at time.Time) []string { return []string{strconv.FormatInt(at.UnixMicro(), 10)} },
}

// generated is a file in a random dialect, with the bans it was written from.
type generated struct {
	text string
	bans []store.Ban
	form string // of its times
	sure bool   // nothing about it can be doubted, so that every ban must be read
}

func generate(random *rand.Rand, zone *time.Location) (g generated) {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	delimiter := pick(",", ";", "\t", "|", " ")
	quoted := delimiter != " " && random.IntN(2) == 0
	forms := []string{}
	for form := range timeForms {
		forms = append(forms, form)
	}
	slices.Sort(forms)
	g.form = pick(forms...)
	header := pick("none", "known", "known", "foreign")
	if delimiter == " " {
		header = "none"
	}
	kinds := []string{"address", "time", "jail", "number", "country", "end", "text"}
	kinds = append(kinds[:2], kinds[2:][:random.IntN(6)]...)
	random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	names := map[string]string{
		"address": pick("ip", "IP_ADDRESS", "Source IP", "address"), "jail": pick("jail", "Filter", "name"),
		"number": "failures", "country": "Country", "end": "expires", "text": "remark", "time": pick("timestamp",
			"time", "Date_Time", "ban time"),
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := day.Add(time.Duration(random.IntN(360*86400)) * time.Second)
	line := func(fields []string) {
		if quoted {
			for i, f := range fields {
				fields[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
			}
		}
		g.text += strings.Join(fields, delimiter) + pick("\n", "\n", "\r\n")
	}
	var head []string
	for _, kind := range kinds {
		name := names[kind]
		if header == "foreign" {
			name = "Spalte " + kind
		}
		if kind == "time" && len(timeForms[g.form](at)) == 2 {
			if header == "foreign" {
				head = append(head, "Tag", "Uhrzeit")
			} else {
				head = append(head, "date", "time")
			}
			continue
		}
		head = append(head, name)
	}
	if header != "none" {
		line(head)
	}
	for range 12 {
		at = at.Add(time.Duration(7200+random.IntN(100_000)) * time.Second)
		if at.Format("01-02") == "10-25" {
			at = at.Add(24 * time.Hour) // an hour of it comes twice
		}
		b := store.Ban{
			Time: at, Address: fmt.Sprintf("198.51.%d.%d", random.IntN(256), random.IntN(256)),
			Jail: pick("sshd", "nginx-http-auth", "postfix_sasl", "recidive"),
		}
		if random.IntN(3) == 0 {
			b.Address = fmt.Sprintf("2001:db8::%x", 1+random.IntN(65535))
		}
		var fields []string
		for _, kind := range kinds {
			switch kind {
			case "address":
				fields = append(fields, b.Address)
			case "time":
				fields = append(fields, timeForms[g.form](at.In(zone))...)
			case "jail":
				fields = append(fields, b.Jail)
			case "number":
				fields = append(fields, strconv.Itoa(random.IntN(20)))
			case "country":
				country := pick("BE", "KR", "Belgium")
				if quoted {
					country = pick("Korea"+delimiter+" Republic of", `the "Congo"`, country)
				}
				fields = append(fields, country)
			case "end":
				fields = append(fields, timeForms[g.form](at.Add(600*time.Second).In(zone))...)
			case "text":
				fields = append(fields, pick("10.0", "x y", "-"))
			}
		}
		if !slices.Contains(kinds, "jail") {
			b.Jail = ""
		}
		g.bans = append(g.bans, b)
		line(fields)
	}
	g.sure = header == "known" && !slices.Contains(kinds, "end") &&
		(delimiter != "," || quoted || g.form != "RFC 1123") // which has a comma
	return g
}

// Whatever the dialect: what is written is read back, or refused with a reason, but never read as something else.
func TestCSVRandomDialectsAreReadBackOrRefused(t *testing.T) {
	files, whole, bans, read := 0, 0, 0, 0
	brussels := zone(t, "Europe/Brussels")
	for seed := range uint64(3000 / stride()) {
		g := generate(rand.New(rand.NewPCG(seed, 26)), brussels)
		r := readCSV(g.text, brussels, seed%2 == 0)
		files, bans, read = files+1, bans+len(g.bans), read+len(r.bans)
		if len(r.bans) == len(g.bans) {
			whole++
		} else if g.sure && !strings.Contains(g.form, "first") {
			t.Errorf("seed %d, %s: %d of %d bans, rejects %q, columns %q of\n%s",
				seed, g.form, len(r.bans), len(g.bans), r.rejects, r.columns, g.text)
		}
		if len(r.bans)+len(r.rejects) < len(g.bans) {
			t.Errorf("seed %d, %s: %d bans, %d rejects of %d lines", seed, g.form, len(r.bans), len(r.rejects),
				len(g.bans))
		}
		rest := g.bans
		for _, b := range r.bans {
			i := slices.IndexFunc(rest, func(w store.Ban) bool {
				return w.Address == b.Address && w.Time.Equal(b.Time) && (b.Jail == "" || b.Jail == w.Jail)
			})
			if i < 0 {
				t.Errorf("seed %d, %s: %s was never written; columns %q of\n%s", seed, g.form, ban(b), r.columns,
					g.text)
				break
			}
			rest = rest[i+1:]
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if whole < files*7/10 {
		t.Errorf("%d of %d files are read whole, want most", whole, files)
	}
	t.Logf("%d of %d files read whole, %d of %d bans", whole, files, read, bans)
	t.Attr("reached", fmt.Sprintf("%d of %d files in random dialects read whole, no ban wrong", whole, files))
}
