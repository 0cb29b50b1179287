package bot

import (
	"fmt"
	"slices"
	"time"

	"friendlyfire/evidence/whatif"
)

// TuneQuestion asks of the logs of Fail2Ban what other rules would have done.
type TuneQuestion struct {
	Jail     string                                  // "": all
	Since    time.Duration                           // how far back; 0: all there is
	FindTime time.Duration                           // another one to count with, too; 0: none
	Rules    func(present whatif.Rule) []whatif.Rule // to be tried; nil: none
}

// Tuned is what the log of one source answers.
type Tuned struct {
	Source  string
	Results []whatif.Result // of the jails asked for that have failures, by name
	Jails   []string        // all that the log names, sorted
	Rule    whatif.Rule     // of the jail asked for, as Fail2Ban itself has told it; zero: it has not
	Lack    Lack
	Gaps    []Unread
	Err     error // the log cannot be read; nil: it can
}

// Silent reports whether the source says nothing of any jail.
func (t Tuned) Silent() bool { return t.Err != nil || t.Lack != LacksNothing }

// Unread is a file that could not be read, or not to its end, and why.
type Unread struct {
	File string
	Err  error
	Part bool // the beginning was read
}

// Lack is what a source lacks to answer.
type Lack int

// What sources lack.
const (
	LacksNothing  Lack = iota
	LacksFailures      // the log names none
	LacksLog           // it is a CSV file
	IsSample           // it is the sample that comes with the program
)

// tunedFor is how far back the chat looks.
const tunedFor = 30 * 24 * time.Hour

// chatRules are the present maxretry and nine more lenient ones.
func chatRules(present whatif.Rule) (all []whatif.Rule) {
	const columns = 10
	step := (present.MaxRetry + columns - 2) / (columns - 1)
	for i := range columns {
		all = append(all, whatif.Rule{MaxRetry: present.MaxRetry + i*max(1, step), FindTime: present.FindTime})
	}
	return all
}

// Ladder are the rules of the chat, and two stricter ones before them.
func Ladder(present whatif.Rule) (all []whatif.Rule) {
	for _, retry := range []int{present.MaxRetry - 2, present.MaxRetry - 1} {
		if retry >= 1 {
			all = append(all, whatif.Rule{MaxRetry: retry, FindTime: present.FindTime})
		}
	}
	return append(all, chatRules(present)...)
}

// Advice is the recommendation with its price, as the chat gives it, or why there is none.
func Advice(res whatif.Result) string {
	best, why := advise(res)
	if why != "" {
		return "No other maxretry is advised. " + why
	}
	return fmt.Sprintf("Advised: maxretry %d, which would have spared %s. Price: %s", best.MaxRetry, sparedBy(best, res),
		price(best, res))
}

// option is a choice as the chat tells it: whom it spares, and who is still banned.
type option struct {
	whatif.Choice
	spared, others whatif.Bounds
}

func optionsOf(res whatif.Result) (all []option) {
	for _, c := range res.Choices {
		all = append(all, option{
			Choice: c,
			spared: whatif.Bounds{max(0, res.Friends-c.Friends[1]), max(0, res.Friends-c.Friends[0])},
			others: whatif.Bounds{max(0, c.Banned[0]-c.Friends[0]), max(0, c.Banned[1]-c.Friends[1])},
		})
	}
	return all
}

// advise returns the option to be tried, or why there is none. It is the lowest maxretry, up to twice the present one
// or three more, that may have spared nine tenths of the friends whom any of these may have spared. Whoever was banned
// goes on failing in no log, so that no lower bound can be asked of it; its price has one.
func advise(res whatif.Result) (best option, why string) {
	var within []option
	most := 0
	for _, o := range optionsOf(res) {
		if o.MaxRetry > res.Present.MaxRetry && o.MaxRetry <= max(2*res.Present.MaxRetry, res.Present.MaxRetry+3) {
			within, most = append(within, o), max(most, o.spared[1])
		}
	}
	switch {
	case res.Friends == 0:
		return best, "No friend was banned: there is nobody to spare."
	case most == 0:
		return best, fmt.Sprintf("No maxretry up to %d would have spared a friend: they failed that often.", lastOf(within).MaxRetry)
	case res.Friends < leastFriends:
		return best, "Too few friends were banned for advice."
	}
	at := slices.IndexFunc(within, func(o option) bool { return 10*o.spared[1] >= 9*most })
	return within[at], ""
}

func lastOf(all []option) (last option) {
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	return last
}
