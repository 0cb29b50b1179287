package bot

import (
	"context"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// friendsGrouped is how many friendly bans of a day are looked at.
const friendsGrouped = 10_000

// digestHead is how a digest begins: how many bans hit friends, and how many usually do.
func digestHead(date string, rep Report, history store.Count, groups []*friendGroup, warning bool) msg.Text {
	switch {
	case warning:
		return headed("⚠ "+date+": 0 bans", ", usually "+number(perDay(history.Bans)))
	case rep.Total == 0:
		return headed(date+": 0 bans", "")
	}
	t := headed(date+": "+plural(rep.Total, "ban"), "")
	if rep.Friendly > 0 {
		t = headed(date+": "+number(rep.Friendly)+" of "+plural(rep.Total, "ban")+" hit friends", "")
		if n := addressesOf(groups); int64(n) < rep.Friendly && rep.Friendly <= friendsGrouped {
			t[1].Text = " (" + plural(n, "address") + ")"
		}
	}
	if history.Bans > 0 {
		t = lines(t, plain("Usually "+number(perDay(history.Friendly))+" of "+number(perDay(history.Bans))))
	}
	return t
}

func addressesOf(groups []*friendGroup) int {
	all := map[string]bool{}
	for _, f := range groups {
		for _, address := range f.addresses {
			all[address] = true
		}
	}
	return len(all)
}

// ofBans is what a digest says of all bans of the day: from where and by which jail, and what is unusual about them.
func (d *Digester) ofBans(ctx context.Context, day func(back int) time.Time, rep Report) (s string, err error) {
	if rep.Total > 0 {
		jails, err := d.Store.ByJail(ctx, rep.Window, false)
		if err != nil {
			return "", err
		}
		most, err := d.mostAndNew(ctx, day, jails.Rows, rep.Rows)
		if err != nil {
			return "", err
		}
		s = "\nCountries: " + top(rep.Rows, 5)
		if most != "" {
			s += "\n" + most
		}
	}
	unknown, err := d.Store.Unknown(ctx, rep.Window)
	if err != nil {
		return "", err
	}
	if unknown > 0 {
		s += "\nCountry unknown: " + plural(unknown, "address")
		if d.Health.Whois {
			s += "; asked again later"
		}
	}
	stricter, err := d.stricter(ctx, day)
	s += stricter
	if rep.Caveat != "" {
		s += "\nMind: " + rep.Caveat
	}
	return strings.TrimPrefix(s, "\n"), err
}

// state is how things are now: on a day that is too quiet, what may be wrong with the sources.
func (d *Digester) state(ctx context.Context, now time.Time, warning bool) (msg.Text, error) {
	if !warning {
		health, err := d.Health.Digest(ctx, now)
		return plain(health), err
	}
	t, err := d.Health.silent(ctx, now)
	if err != nil {
		return nil, err
	}
	troubles, err := d.Health.troubleLine(ctx, now)
	return lines(t, plain(troubles)), err
}
