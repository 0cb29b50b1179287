package bot

import (
	"strings"
	"time"

	"friendlyfire/charts"
	"friendlyfire/store"
)

// From fleetFrom sources on, nobody reads a line of each: those that are well are counted.
const fleetFrom = 11

// namedAtMost is how many of many servers are named.
const namedAtMost = 10

// someNames is "web1, web2, … and 30 more".
func someNames(names []string) string {
	if n := len(names) - namedAtMost; n > 0 {
		return strings.Join(names[:namedAtMost], ", ") + " and " + number(n) + " more"
	}
	return list(names)
}

// fewNames is "web1, web2, web3, web4, web5 and 30 more", for the head of a message.
func fewNames(names []string) string {
	const most = 5
	if n := len(names) - most; n > 1 {
		return strings.Join(names[:most], ", ") + " and " + number(n) + " more"
	}
	return list(names)
}

// serverList names servers or, where they are many, counts them.
func serverList(names []string) string {
	if len(names) >= fleetFrom {
		return plural(len(names), "server")
	}
	return list(names)
}

// fleetHealth is ", 3 unwell: web1, web7 and db2" behind the number of servers, or ", all well", with the newest ban.
func (h *Health) fleetHealth(all servers, unwell []Watched, now time.Time) string {
	if len(unwell) == 0 {
		return ", all well; " + h.newestOf(all, now)
	}
	names := make([]string, len(unwell))
	for i, w := range unwell {
		names[i] = w.Name
	}
	return ", " + number(len(unwell)) + " unwell: " + someNames(names) + "; " + h.newestOf(all, now)
}

// fleetLine is "840 servers, last ban 14:05 (3 min ago) on web3".
func (h *Health) fleetLine(all servers, now time.Time) string {
	return plural(all.count(), "server") + ", " + h.newestOf(all, now)
}

// newestOf is "last ban 14:05 (3 min ago) on web3".
func (h *Health) newestOf(all servers, now time.Time) string {
	var newest store.SourceStatus
	for _, w := range all.watched {
		if s := all.find(w.Name); !w.relays && s.LastBanAt.After(newest.LastBanAt) {
			newest = s
		}
	}
	if newest.LastBanAt.IsZero() {
		return "no ban yet"
	}
	return h.lastBan(newest, now) + " on " + newest.Name
}

// leadingServers is leaders, with how many servers the chart names where they are more than it can.
func leadingServers(rep Report) string {
	s := leaders(rep)
	if n := len(rep.Rows); n > charts.MostBars {
		s += "\n" + number(charts.MostBars) + " of " + plural(n, "server") + " named"
	}
	return s
}
