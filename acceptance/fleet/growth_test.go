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

// grown is how a bot does with so many servers.
type grown struct {
	servers      int
	p50, p99     time.Duration // from publishing a ban to keeping it
	memory, idle float64       // in MB, under load and 40 s later
	cores        float64
}

// TestFleetGrowth puts the load of 100 servers, of 1,000 and of 10,000 on a bot, each server with a ban in ten seconds,
// prints how far behind the bot is and what it takes, and draws it into docs/pictures/fleet.png.
func TestFleetGrowth(t *testing.T) {
	path := program(t)
	var all []grown
	for _, servers := range []int{100, 1000, 10_000} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			l := load{servers: servers, rate: servers / 10, during: time.Minute, nats: 3, program: path}
			bot, done := l.put(t)
			time.Sleep(40 * time.Second)
			idle := rss(bot)
			bot.Stop()
			harness.Reached(t, "%d servers, %d bans/s: %s; idle %.1f MB", servers, l.rate, done, idle)
			all = append(all, grown{servers, done.lagAt(0.5), done.lagAt(0.99), done.third(3), idle, done.cpu})
		})
	}
	if t.Failed() {
		return
	}
	picture, err := drawGrown(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../docs/pictures/fleet.png", picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

func drawGrown(all []grown) ([]byte, error) {
	c := charts.GrowthChart{
		Title:    "Ten times the servers",
		Subtitle: fmt.Sprintf("each with a ban in 10 s, by three servers of NATS on the same machine, %d cores", runtime.NumCPU()),
		Panels: []charts.GrowthPanel{
			{Title: "Published to kept, ms", Lines: []charts.GrowthLine{{Name: "p99"}, {Name: "p50"}}},
			{Title: "Memory of the bot, MB", Lines: []charts.GrowthLine{{Name: "under load"}, {Name: "idle", Below: true}}},
			{Title: "Cores that the bot uses", Lines: []charts.GrowthLine{{}}},
		},
	}
	add := func(panel, line int, format string, v float64) {
		l := &c.Panels[panel].Lines[line]
		l.Values, l.Labels = append(l.Values, v), append(l.Labels, fmt.Sprintf(format, v))
	}
	for _, g := range all {
		c.Marks = append(c.Marks, fmt.Sprint(g.servers))
		add(0, 0, "%.0f", float64(g.p99.Milliseconds()))
		add(0, 1, "%.0f", float64(g.p50.Milliseconds()))
		add(1, 0, "%.0f", g.memory)
		add(1, 1, "%.0f", g.idle)
		add(2, 0, "%.2f", g.cores)
	}
	return c.PNG()
}
