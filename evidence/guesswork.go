package evidence

// guesswork adds up how much the names look like a dictionary's, in the weights of signs: strong is one.
type guesswork struct {
	sure     int  // names that nobody has, and accounts of companies and machines that do not exist
	defaults int  // accounts that systems come with, and that do not exist here
	used     bool // some that exist, or of which that is not said
	names    int
	telling  bool // one of them is hardly a mailbox
	others   int  // that systems do not come with

	missing int  // further names that do not exist
	people  int  // names that exist
	burst   bool // all at once, as of one mail program
	once    bool // each was tried once
	again   bool // all were tried again after others
}

// guess adds a name of a dictionary.
func (g *guesswork) guess(name string, e Existence, system bool) {
	g.names, g.others, g.telling = g.names+1, g.others+1, true
	g.sure += fair
	if len(name) > 3 && e == Missing || system && e == Exists { // two or three letters may be somebody's initials
		g.sure += fair
	}
}

// role adds a name that people use as well.
func (g *guesswork) role(name string, e Existence) {
	g.names++
	if defaultNames[name] {
		g.telling = true
	} else {
		g.others++
	}
	switch {
	case e != Missing:
		g.used = true
	case defaultNames[name]: // whoever meets a new server tries one after the other
		g.defaults += weak
	default:
		g.sure += fair
	}
}

func (g *guesswork) sum() int {
	sum := g.sure + g.defaults
	if g.used {
		sum += weak
	}
	if g.sure == 0 {
		sum = min(sum, strong-1)
	} else {
		sum += min(g.missing, fair)
	}
	if g.people > 0 {
		sum = max(0, sum-fair)
	}
	if g.burst || g.again {
		return min(sum, strong-1)
	}
	const list = 4
	// Worked off, each name once: who has as many mailboxes tries them again and again.
	if g.people == 0 && g.names >= list && g.others >= list/2 && g.telling && g.once {
		return max(sum, strong)
	}
	return sum
}
