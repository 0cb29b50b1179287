package app

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"time"

	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/evidence/whatif"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// Tune asks the logs of the sources what other rules would have done, one after the other. Its error is of the context
// or the database; what is wrong with a source is in its answer.
func (a *App) Tune(ctx context.Context, sources []config.Source, q bot.TuneQuestion) (all []bot.Tuned, err error) {
	friend, err := a.friend(ctx)
	if err != nil {
		return nil, err
	}
	for _, source := range sources {
		one, err := a.tune(ctx, source, q, friend)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// tune asks the log of one source. Its error is of the context or the database.
func (a *App) tune(
	ctx context.Context, source config.Source, q bot.TuneQuestion, friend func(string) bool,
) (one bot.Tuned, err error) {
	one.Source = source.Name
	log := LogOf(source)
	replay := &whatif.Replay{Jail: q.Jail, FindTime: int64(q.FindTime / time.Second)}
	var since time.Time
	if q.Since > 0 {
		since = time.Now().Add(-q.Since)
		_, offset := since.In(source.Timezone).Zone()
		replay.Since = since.Unix() + int64(offset)
	}
	if err := a.knownRules(ctx, source, replay); err != nil {
		return one, err
	}
	if known := replay.Known[q.Jail]; len(known) > 0 {
		one.Rule = known[len(known)-1].Rule
	}
	reader := a.Reader(log)
	one.Err = ingest.EachFile(ctx, reader.Source, since, replay.Read, func(gap ingest.Gap) {
		replay.Gap()
		one.Gaps = append(one.Gaps, bot.Unread(gap))
	})
	if ctx.Err() != nil {
		return one, ctx.Err()
	}
	one.Jails = append(replay.Jails(), replay.Others()...)
	for _, jail := range replay.Jails() {
		var rules []whatif.Rule
		if q.Rules != nil {
			rules = q.Rules(replay.Present(jail))
		}
		if res := replay.Result(jail, friend, rules...); res.Failures > 0 {
			one.Results = append(one.Results, res)
		}
	}
	if one.Err == nil && replay.Found == 0 {
		one.Lack, one.Err = a.lack(ctx, log, reader)
	}
	return one, nil
}

// knownRules gives a replay the rules that the source's Fail2Ban has told when it was asked, or in its log.
func (a *App) knownRules(ctx context.Context, source config.Source, replay *whatif.Replay) error {
	all, err := a.Store.RulesOverTime(ctx, source.Name)
	if err != nil {
		return err
	}
	replay.Known = map[string][]whatif.KnownRule{}
	for jail, rules := range all {
		var now whatif.KnownRule
		for _, r := range rules {
			switch r.Setting {
			case store.MaxRetry:
				now.MaxRetry = int(min(r.Value, math.MaxInt32))
			case store.FindTime:
				now.FindTime = r.Value
			case store.BanTime:
				continue
			}
			if now.MaxRetry <= 0 || now.FindTime <= 0 {
				continue
			}
			_, offset := r.At.In(source.Timezone).Zone()
			now.At = r.At.Unix() + int64(offset)
			known := replay.Known[jail]
			if n := len(known); n > 0 && known[n-1].At == now.At { // both were told at once
				known = known[:n-1]
			}
			replay.Known[jail] = append(known, now)
		}
	}
	return nil
}

// lack says why a log has no failures.
func (a *App) lack(ctx context.Context, log config.Source, reader *ingest.Reader) (bot.Lack, error) {
	if IsSample(log) {
		return bot.IsSample, nil
	}
	preview, err := reader.Peek(ctx)
	switch {
	case errors.Is(err, ingest.ErrDatabase), err == nil && !preview.IsLog:
		return bot.LacksLog, nil
	case err != nil:
		return bot.LacksNothing, err
	}
	return bot.LacksFailures, nil
}

// LogOf is the source with Fail2Ban's own log in its place, if that is elsewhere.
func LogOf(source config.Source) config.Source {
	if source.Log == "" {
		return source
	}
	source.Format = "log"
	if source.SFTP == nil {
		source.Path = source.Log
		return source
	}
	file := *source.SFTP
	file.Path = source.Log
	source.SFTP = &file
	return source
}

// friend returns who is friendly: by what is known of those who were banned, else by the table, as a ban that is read.
func (a *App) friend(ctx context.Context) (func(string) bool, error) {
	known, err := a.Store.FriendlyAddresses(ctx)
	return func(text string) bool {
		if address, err := netip.ParseAddr(text); err == nil {
			text = address.Unmap().String()
		}
		if known[text] {
			return true
		}
		located, _ := a.Table.Place(text) // a damaged record has no country
		countries := append(slices.Clone(located.Others), located.Country)
		return a.Config.Friendly.Has(text, countries...) ||
			slices.ContainsFunc(append(slices.Clone(located.OtherASNs), located.ASN), a.Config.Friendly.HasASN)
	}, err
}
