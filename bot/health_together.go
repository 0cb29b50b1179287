package bot

import (
	"context"
	"slices"
	"time"

	"friendlyfire/bot/msg"
)

// A rack that loses its power is one message, not forty. What begins for several sources, or is over, is told together:
//
//   - From three sources on in one look, a message names up to ten of them, and counts the others.
//   - Where more than ten sources are watched, what begins waits for others: until a minute has passed in which none was
//     added, but no longer than five.
//
// One trouble is told together with others of its kind alone; a file that is gone is a kind of its own. What is over
// before it was told is never told.
const (
	togetherFrom = 3
	joinWithin   = time.Minute
	joinAtMost   = 5 * time.Minute
)

// gathering is what waits for others of its kind, in memory: after a restart it waits anew.
type gathering map[groupOfChanges]waiting

// groupOfChanges are changes that are told together.
type groupOfChanges struct {
	kind, detail string
	wrong        bool
}

// waiting is since when changes wait, and when the last of so many was added.
type waiting struct {
	since, last time.Time
	count       int
}

// due reports whether changes of a group are told now, and notes that they wait.
func (t gathering) due(g groupOfChanges, count int, now time.Time) bool {
	w, known := t[g]
	if !known || now.Before(w.last) { // or the clock was set back
		w = waiting{since: now, last: now}
	}
	if count > w.count {
		w.last = now
	}
	w.count = count
	t[g] = w
	return now.Sub(w.last) >= joinWithin || now.Sub(w.since) >= joinAtMost
}

// tellAll tells what is new, of so many sources that are watched.
func (r *round) tellAll(ctx context.Context, watched int) error {
	if r.together == nil {
		r.together = gathering{}
	}
	groups := map[groupOfChanges][]change{}
	var order []groupOfChanges
	for _, c := range r.changes {
		g := groupOfChanges{c.kind, c.detail, c.wrong}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], c)
	}
	for g := range r.together {
		if groups[g] == nil {
			delete(r.together, g)
		}
	}
	var errs []error
	for _, g := range order {
		all := groups[g]
		if watched >= fleetFrom && !r.Once && !r.together.due(g, len(all), r.now) {
			continue
		}
		delete(r.together, g)
		if len(all) >= togetherFrom {
			errs = append(errs, r.tellTogether(ctx, g, all))
			continue
		}
		for _, c := range all {
			begun, over := c.says(), msg.Text(nil)
			if !c.wrong {
				begun, over = nil, begun
			}
			errs = append(errs, r.tellSince(ctx, c.kind+"/"+c.source, c.began, c.wrong, r.Chats, begun, over))
		}
	}
	return joinedFew(errs)
}

// tellTogether tells of several sources in one message.
func (r *round) tellTogether(ctx context.Context, g groupOfChanges, all []change) error {
	now := time.Now()
	values := make(map[string]string, len(all))
	var long time.Duration
	names := make([]string, len(all))
	began := now
	for i, c := range all {
		names[i] = c.source
		key := "health/" + c.kind + "/" + c.source
		values[key] = ""
		if c.wrong {
			values[key] = stamp(now)
			if !c.began.IsZero() && c.began.Before(now) {
				values[key] += " " + stamp(c.began)
				began = minTime(began, c.began)
			}
			continue
		}
		long = max(long, lasted(r.kept[key], now))
	}
	slices.Sort(names)
	says := sayingsOf(g.kind)
	verb := says.begun
	if !g.wrong {
		verb = says.over
	}
	text := headed(plural(len(all), "server")+" "+verb, "")
	if g.wrong {
		if since := now.Sub(began); since >= time.Minute {
			text = append(text, msg.Run{Text: ", the first since " + r.Words.moment(began, now)})
		}
		if g.detail != "" {
			text = append(text, msg.Run{Text: ": " + g.detail})
		}
	}
	text = append(text, msg.Run{Text: ".\n" + someNames(names)})
	if g.wrong {
		text = lines(text, plain(says.ask))
	}
	key := "health/" + g.kind + "/" + plural(len(all), "server") + "/" + stamp(now)
	body := Body{Text: red(text)}
	if !g.wrong {
		key += "/over"
		body = Body{Text: green(text, long), Silent: true}
	}
	posted, err := r.Store.PostAndSetAll(ctx, values, setting(notices(r.Chats, key, body, now), values)...)
	if err == nil && posted > 0 {
		r.Next()
	}
	return err
}

// sayings are what is said of several sources.
type sayings struct{ begun, over, ask string }

// sayingsOf is what is said of several sources with one kind of trouble.
func sayingsOf(kind string) sayings {
	const shared = "What do they share: a network, a relay, a rack? /status says how things are"
	switch kind {
	case "unreadable":
		return sayings{"cannot be read", "can be read again", shared}
	case "source":
		return sayings{"are silent", "are back", shared}
	case "strange":
		return sayings{
			"bring lines that I do not understand", "bring lines that I understand again",
			"To see what is wrong: friendlyfire check",
		}
	case "muted":
		return sayings{"log no bans", "log more than warnings", "On each: fail2ban-client set loglevel INFO"}
	case "unreadable logins":
		return sayings{"have logins that cannot be read", "have logins that can be read again", shared}
	case "no logins":
		return sayings{
			"have their logins in another file", "have logins that are read", "To see what these files have: friendlyfire check",
		}
	case "login zone":
		return sayings{
			"have logins in another time zone than the configured one", "have logins in their zones again",
			"I shift their times. The timezone of the source of the same name is theirs, too",
		}
	case "bans":
		return sayings{"have had no ban for longer than usual", "have bans again", shared}
	}
	return sayings{
		"are in another time zone than the configured one", "are in their zones again",
		"I shift their times. /status names them, and each can have a timezone of its own",
	}
}
