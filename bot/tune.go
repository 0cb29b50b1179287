package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/evidence/whatif"
	"friendlyfire/store"
)

// TunedText is what the chat says of a jail: a paragraph for each source that has it, or what is missing.
func (w Words) TunedText(all []Tuned, jail string) msg.Text {
	var t msg.Text
	several := len(all) > 1
	for _, one := range all {
		for _, res := range one.Results {
			t = paragraphs(t, w.tuned(one, res, several))
		}
	}
	answered := t != nil
	for _, one := range all {
		if !answered || one.Silent() {
			t = lines(t, w.Lacks(one, jail))
		}
	}
	return t
}

// paragraphs puts an empty line between each two texts, and leaves out those that are empty.
func paragraphs(texts ...msg.Text) (all msg.Text) {
	for _, t := range texts {
		if all != nil && t != nil {
			all = append(all, msg.Run{Text: "\n\n"})
		}
		all = append(all, t...)
	}
	return all
}

// tuned is what the log of one source says of a jail.
func (w Words) tuned(one Tuned, res whatif.Result, several bool) msg.Text {
	best, why := advise(res)
	t := msg.Text{{Text: tuneTitle(res, best, why), Style: msg.Bold}}
	if several {
		t = append(t, msg.Run{Text: " (" + one.Source + ")"})
	}
	t = lines(t, plain(w.tunedNow(res)), plain(why))
	if why == "" {
		t = lines(t, plain("Price: "+price(best, res)))
	}
	for i, o := range optionsOf(res) {
		if res.Friends > 0 && (i == 1 || i == 2 || i == 4) && o.MaxRetry != best.MaxRetry {
			t = lines(t, plain(fmt.Sprintf("With %d: %s spared, %s banned", o.MaxRetry, boundsOf(o.spared, "friend"),
				boundsOf(o.others, "other"))))
		}
	}
	if strings.HasPrefix(res.Jail, "recidive") {
		t = lines(t, plain("Its tries are bans by other jails."))
	}
	if !res.Told {
		t = lines(t, plain("The log does not name the rule of the jail: it is inferred."))
	}
	if n := len(one.Gaps); n > 0 {
		t = lines(t, plain(plural(n, "file")+" could not be read, or not to the end; `friendlyfire tune` names them."))
	}
	if why == "" {
		t = lines(t, msg.Text{
			{Text: "To try it: "},
			{Text: fmt.Sprintf("maxretry = %d", best.MaxRetry), Style: msg.Code},
			{Text: " under "},
			{Text: "[" + res.Jail + "]", Style: msg.Code},
			{Text: " in "},
			{Text: "/etc/fail2ban/jail.local", Style: msg.Code},
			{Text: ", then "},
			{Text: "sudo fail2ban-client reload " + store.ShellQuote(res.Jail), Style: msg.Code},
		})
	}
	return t
}

// tuneTitle is the finding on a jail, of which the part that sparedBy returns is about friends.
func tuneTitle(res whatif.Result, best option, why string) string {
	switch {
	case why == "":
		return fmt.Sprintf("%s: maxretry %d would have spared %s", res.Jail, best.MaxRetry, sparedBy(best, res))
	case res.Friends == 0:
		return res.Jail + " banned no friend"
	}
	return res.Jail + ": no other maxretry is advised"
}

// sparedBy is "up to 15 of 24 friends".
func sparedBy(o option, res whatif.Result) string {
	return upTo(o.spared) + " of " + plural(res.Friends, "friend")
}

func upTo(b whatif.Bounds) string {
	switch b[0] {
	case b[1]:
		return number(b[0])
	case 0:
		return "up to " + number(b[1])
	}
	return number(b[0]) + " to " + number(b[1])
}

// boundsOf is "up to 15 friends", "636 to 655 others".
func boundsOf(b whatif.Bounds, noun string) string {
	if b == (whatif.Bounds{1, 1}) || b == (whatif.Bounds{0, 1}) {
		return upTo(b) + " " + noun
	}
	return upTo(b) + " " + noun + "s"
}

// price is "611 to 655 of 655 others still banned, and 1,310 more guesses in all at most".
func price(o option, res whatif.Result) string {
	if res.Banned == res.Friends {
		return number(o.ExtraGuesses) + " more guesses at most"
	}
	return fmt.Sprintf("%s of %s still banned, and %s more guesses in all at most", stillBanned(o),
		plural(res.Banned-res.Friends, "other"), number(o.ExtraGuesses))
}

func stillBanned(o option) string {
	if o.others[0] == o.others[1] {
		return number(o.others[0])
	}
	return number(o.others[0]) + " to " + number(o.others[1])
}

// tunedNow is "Now 3 tries in 10 min: 24 friends and 655 others banned, Thu 12 to Sat 28 Nov; before that, 5 in 10
// min".
func (Words) tunedNow(res whatif.Result) string {
	s := fmt.Sprintf("Now %s in %s: %s and %s banned, %s", triesOf(int64(res.Present.MaxRetry)), spanOf(res.Present.FindTime),
		plural(res.Friends, "friend"), plural(res.Banned-res.Friends, "other"), tunedDates(res))
	if b := res.Before; b.MaxRetry > 0 && b.FindTime > 0 {
		s += fmt.Sprintf("; before that, %d in %s", b.MaxRetry, spanOf(b.FindTime))
	}
	return s
}

// tunedDates is from when to when lines count, on the clock of the server.
func tunedDates(res whatif.Result) string {
	from, to := time.Unix(res.From, 0).UTC(), time.Unix(res.To, 0).UTC()
	switch {
	case res.From == 0:
		return "on days that the log does not name"
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format(msg.DayForm)
	case from.Format("2006-01") == to.Format("2006-01"):
		return from.Format("Mon 2") + " to " + to.Format(msg.DayForm)
	}
	return from.Format(msg.DayForm) + " to " + to.Format(msg.DayForm)
}

// Lacks says why a source has no answer, and how to get one.
func (w Words) Lacks(one Tuned, jail string) msg.Text {
	code := func(s string) msg.Run { return msg.Run{Text: s, Style: msg.Code} }
	text := func(s string) msg.Run { return msg.Run{Text: s} }
	t := msg.Text{code(one.Source)}
	const own = `"/var/log/fail2ban.log"`
	switch {
	case one.Err != nil:
		return append(t, text(": its log cannot be read: "+ReasonOf(one.Err.Error()).Says))
	case one.Lack == IsSample:
		return append(t, text(" is the sample that comes with friendlyfire, a list of bans. Which failures led to them is in "+
			"Fail2Ban's own log: name yours, "), code("path = "+own), text(", in [[source]]"))
	case one.Lack == LacksLog:
		return append(t, text(" is a CSV file, which lists bans and no failures. Name Fail2Ban's own log beside it in its "+
			"[[source]]: "), code("log = "+own), text(ruleNow(one, jail)))
	case one.Lack == LacksFailures:
		return append(t, text(": its log names no failures (“Found”): Fail2Ban writes them at loglevel INFO, as is usual"+
			ruleNow(one, jail)+". Set "), code("loglevel = INFO"), text(" in "), code("/etc/fail2ban/fail2ban.local"),
			text(" on its server for good, and there at once: "), code("sudo fail2ban-client set loglevel INFO"))
	case jail != "" && !slices.Contains(one.Jails, jail):
		t = append(t, text(" has no jail “"+w.foreign(store.Clean(jail, 40), "")+"”."+DidYouMean(jail, one.Jails)))
		if len(one.Jails) > 0 {
			t = append(t, text(" It has "+list(one.Jails[:min(8, len(one.Jails))])))
		}
		return t
	}
	return append(t, text(": nobody failed in "+jail+" in the time that was asked for, or since its rule was changed"))
}

// ruleNow is ". Now sshd bans after 5 tries in 10 min"; "" where that is not known.
func ruleNow(one Tuned, jail string) string {
	if one.Rule.MaxRetry == 0 {
		return ""
	}
	return ". Now " + jail + " bans after " + triesOf(int64(one.Rule.MaxRetry)) + " in " + spanOf(one.Rule.FindTime)
}

// reading is the first of two answers.
const reading = "I am reading the log, which takes a while. The answer follows."

// tune answers /tune JAIL.
func (c *Commands) tune(ctx context.Context, args []string, r msg.Request) (msg.Message, error) {
	if len(args) == 0 {
		jails, err := c.friendlyJails(ctx)
		if err != nil {
			return msg.Message{}, err
		}
		s := "Which jail? Like this: /tune sshd"
		if len(jails) > 0 {
			s = "Which jail? Like this: /tune " + jails[0] + ". I know " + list(jails[:min(8, len(jails))])
		}
		return msg.Message{}, usageError(s)
	}
	if c.Tuner == nil {
		return msg.Message{}, usageError("I have no log to read.")
	}
	return c.Tuner.ask(ctx, store.Clean(strings.Join(args, " "), 60), r)
}

// friendlyJails are the jails of the last 30 days, those with most friendly bans first.
func (c *Commands) friendlyJails(ctx context.Context) ([]string, error) {
	now := time.Now()
	shares, err := c.Store.Shares(ctx, store.Window{From: now.Add(-tunedFor), To: now.Add(time.Second)})
	if err != nil {
		return nil, err
	}
	delete(shares, "")
	byFriends := slices.SortedFunc(maps.Values(shares), func(a, b store.Share) int {
		return cmp.Or(cmp.Compare(b.Friendly, a.Friendly), cmp.Compare(a.Jail, b.Jail))
	})
	jails := make([]string, len(byFriends))
	for i, share := range byFriends {
		jails[i] = share.Jail
	}
	return jails, nil
}

// suggestJails returns the jails that begin with what has been typed.
func (c *Commands) suggestJails(ctx context.Context, typed string, most int) []string {
	jails, err := c.friendlyJails(ctx)
	if err != nil {
		c.Log.Error("no suggestions", "error", err)
		return nil
	}
	jails = slices.DeleteFunc(jails, func(jail string) bool { return !strings.HasPrefix(jail, typed) })
	return jails[:min(most, len(jails))]
}
