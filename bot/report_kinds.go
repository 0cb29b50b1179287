package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// kind is a kind of report: what it counts, and how the result is drawn and put into words.
type kind struct {
	name string // as people ask for it

	// count counts bans by key. What only this kind's chart and highlights need is left in the report's detail.
	count func(context.Context, *Reporter, *Report) (store.Counts, error)

	keyName    func(key string) string                               // a key in words
	chart      func(*Reporter, Report) Picture                       // of a report that may have no rows
	highlights func(Report) string                                   // the caption's lines on notable rows, each after a line break
	named      func(Words, Report) msg.Text                          // lines of names that are foreign text; nil: none
	find       func(Report) finding                                  // the one sentence above the picture; nil: how many bans there were
	drawn      func(Report) bool                                     // whether there is something to draw; nil: where there are bans
	window     func(now time.Time, zone *time.Location) store.Window // the one period that there is; nil: as asked for
	active     bool                                                  // counts the bans in force as the period ends, not all of the period
}

// kinds are all kinds of report, in the order in which they are offered. A new kind is one more entry.
var kinds = []kind{
	{
		name: "country", count: byJudgedCountry, keyName: countryName, chart: countryChart, highlights: leaders, find: findHits,
		drawn: hasBars,
	},
	{name: "map", count: byCountry, keyName: countryName, chart: mapChart, highlights: leaders, find: findMap},
	{
		name: "network", count: byNetwork, keyName: networkName, chart: networkChart, highlights: networkLeaders,
		find: findHits, drawn: hasBars,
	},
	{name: "jail", count: byJailAndTime, keyName: jailName, chart: jailChart, highlights: leaders},
	{
		name: "friends", count: byFriends, keyName: jailName, chart: friendsChart, highlights: found, find: findFriends,
		drawn: hasFriends,
	},
	{
		name: "users", count: byUser, keyName: userKey, chart: usersChart, named: Words.usersNamed, find: findUsers,
		drawn: hasUsers,
	},
	{
		name: "week", count: byWeek, keyName: jailName, chart: weekChart, highlights: weekMost, find: findWeek,
		window: lastWeek,
	},
	{
		name: "source", count: bySource, keyName: sourceName, chart: barChart, highlights: leadingServers, find: findHits,
		drawn: hasBars,
	},
	{
		name: "day", count: byDay, keyName: dayName, chart: dayChart, highlights: busiest, find: findDay, drawn: hasBars,
	},
	{name: "hour", count: byHour, keyName: hourName, chart: hourChart, highlights: found, find: findHour},
	{name: "strict", count: byJailAndPast, keyName: jailName, chart: strictChart, highlights: strictest, find: findStrict},
	{
		name: "banned", count: bannedByJail, keyName: jailName, chart: bannedChart, highlights: bannedMost,
		find: findBanned, drawn: hasBanned, active: true,
	},
}

// Kinds are what a report can count by.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

func kindOf(name string) (*kind, error) {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i], nil
		}
	}
	return nil, fmt.Errorf("report by %q: want %s", name, strings.Join(Kinds(), ", "))
}

// detail is what the report's kind has counted for itself; zero where nothing was ever banned.
func detail[D any](rep Report) D {
	d, _ := rep.detail.(D)
	return d
}
