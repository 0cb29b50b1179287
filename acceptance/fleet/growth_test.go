//go:build bench

package fleet

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/charts"
)

// TestFleetGrowth puts the load of 100 servers, of 1,000 and of 10,000 on a bot, each server with a ban in ten seconds,
// prints how far behind the bot is and what it takes, and draws it into docs/pictures/fleet.png.
func TestFleetGrowth(t *testing.T) {
	chart := charts.GrowthChart{
		Title:    "Ten times the servers",
		Subtitle: fmt.Sprintf("each with a ban in 10 s, by three servers of NATS on the same machine, %d cores", runtime.NumCPU()),
		Panels: []charts.GrowthPanel{
			{Title: "Published to kept, ms", Lines: []charts.GrowthLine{{Name: "p99"}, {Name: "p50", Below: true}}},
			{Title: "Memory of the bot, MB", Lines: []charts.GrowthLine{{Name: "under load"}, {Name: "idle", Below: true}}},
			{Title: "Cores that the bot uses", Lines: []charts.GrowthLine{{}}},
		},
	}
	add := func(panel, line int, v float64) {
		l := &chart.Panels[panel].Lines[line]
		l.Values, l.Labels = append(l.Values, v), append(l.Labels, fmt.Sprintf("%.3g", v))
	}
	path := program(t)
	for _, servers := range []int{100, 1000, 10_000} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			l := load{servers: servers, rate: servers / 10, during: time.Minute, nats: 3, program: path}
			bot, done := l.put(t)
			time.Sleep(40 * time.Second)
			idle := rss(bot)
			bot.Stop()
			harness.Reached(t, "%d servers, %d bans/s: %s; idle %.1f MB", servers, l.rate, done, idle)
			chart.Marks = append(chart.Marks, fmt.Sprint(servers))
			add(0, 0, float64(done.lagAt(0.99).Milliseconds()))
			add(0, 1, float64(done.lagAt(0.5).Milliseconds()))
			add(1, 0, done.end)
			add(1, 1, idle)
			add(2, 0, done.cpu)
		})
	}
	if t.Failed() {
		return
	}
	picture, err := chart.PNG()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../docs/pictures/fleet.png", picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
