//go:build bench

package acceptance

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/charts"
)

// grown is how the program performs with so many rows.
type grown struct {
	rows       int
	took       time.Duration // from the start of the bot to its report that all is imported
	report     time.Duration // from /report of any kind to its photo, p50
	peak, idle float64       // memory in MB, during the import, and 15 seconds after the last report
	database   int64         // bytes
}

// perRow is the time of the import for each row.
func (g grown) perRow() time.Duration {
	return (g.took / time.Duration(g.rows)).Round(10 * time.Nanosecond)
}

func (g grown) String() string {
	return fmt.Sprintf("import %s, %s rows/s; /report %s; memory %.0f MB, idle %.0f MB; database %.1f MB",
		seconds(g.took), thousands(int(float64(g.rows)/g.took.Seconds())), millis(g.report), g.peak, g.idle,
		float64(g.database)/(1<<20))
}

// grow starts a bot on so many rows and leaves it running.
func grow(t *testing.T, b *botProcess, rows int) grown {
	t.Helper()
	fill(b.Scene, madeUp(rows))
	g := grown{rows: rows, took: b.imported(rows), peak: b.peak()}
	time.Sleep(35 * time.Second) // until the counts are rolled up
	g.report = walls(together(b.reports(len(questions("all")), questions("all"))))
	time.Sleep(15 * time.Second)
	g.idle, g.database = b.rss(), b.databaseSize()
	return g
}

// TestGrowth lets the program read files of 10,000 rows, of ten times as many, and so on, prints how it performs, and
// draws it into sample/growth.png.
func TestGrowth(t *testing.T) {
	load, program := loadAverage(), binary(t)
	var all []grown
	for n := 10_000; n <= cmp.Or(*largest, 10_000_000); n *= 10 {
		t.Run(thousands(n), func(t *testing.T) {
			b := newBot(t, program)
			g := grow(t, b, n)
			b.end()
			all = append(all, g)
			harness.Reached(t, "%s", g)
		})
	}
	if t.Failed() {
		return
	}
	picture, err := drawGrowth(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../sample/growth.png", picture, 0o644); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s\n", machine(load))
	for _, g := range all {
		fmt.Printf("%10s rows: %s\n", thousands(g.rows), g)
	}
}

// drawGrowth draws the growth of time and memory.
func drawGrowth(all []grown) ([]byte, error) {
	largest := all[len(all)-1]
	c := charts.GrowthChart{
		Title: "Ten times the bans",
		Subtitle: fmt.Sprintf("import of a CSV, /report to photo sent, and memory of the running bot · %s, %d cores",
			processor(), runtime.NumCPU()),
		Panels: []charts.GrowthPanel{
			{
				Title: "Import, seconds", Log: true,
				Lines: []charts.GrowthLine{{Name: "measured"}, {Name: "in proportion", Faint: true}},
			},
			{Title: "/report, milliseconds", Lines: []charts.GrowthLine{{}}},
			{Title: "Memory, MB", Lines: []charts.GrowthLine{{Name: "during import"}, {Name: "idle", Below: true}}},
		},
	}
	add := func(panel, line int, v float64) {
		l := &c.Panels[panel].Lines[line]
		l.Values, l.Labels = append(l.Values, v), append(l.Labels, fmt.Sprintf("%.3g", v))
	}
	for _, g := range all {
		mark := fmt.Sprint(g.rows/1e3, "k")
		if g.rows >= 1e6 {
			mark = fmt.Sprint(g.rows/1e6, "M")
		}
		c.Marks = append(c.Marks, mark)
		add(0, 0, g.took.Seconds())
		add(0, 1, largest.took.Seconds()*float64(g.rows)/float64(largest.rows))
		add(1, 0, float64(g.report.Microseconds())/1000)
		add(2, 0, g.peak)
		add(2, 1, g.idle)
	}
	return c.PNG()
}
