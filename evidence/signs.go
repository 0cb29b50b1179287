package evidence

import "fmt"

// The rule is these two tables. What is known of the signs:
//
//   - Names: a dictionary of the names that attackers try stops 99.5 % of their attempts, where limits of rates stop
//     66.1 %, at 83 % fewer people who are locked out (NSDI 2024, 500 servers over four years). That an address
//     tried one name proves nothing: half of the attacking ones do (loghub OpenSSH_2k: 12 of 24).
//   - A name that does not exist is a slip of the finger as well as a guess. Names that are alike are one person's.
//   - Gaps: medians of 0 to 10 s are usual of attackers, but some pace themselves, and apps retry without any pause. So
//     pace alone decides nothing, and counts only where a person types.
//   - Bans by several jails are no sign: one phone carries its old password everywhere. Only other names are.
//   - A login from the address is the strongest sign of a person, but does not outweigh a dictionary: an infected
//     office, or a break-in. One amid the failures or after the ban leaves both open: it may be what was guessed.
//   - The same wrong password again is a device or a person; one password for several names is a spray.
//   - A failure without any attempt to log in is often a friend's.
//
// An address that is banned often is no sign either: with bantime.increment, whoever was caught once is caught sooner.

var attackerSigns = []sign{
	{strong, func(f *facts) (string, bool) {
		if len(f.e.Marks) == 0 {
			return "", false
		}
		return f.e.Marks[0], true
	}},
	{strong, func(f *facts) (string, bool) { return "one password for several names", f.e.SharedPassword }},
	{strong, func(f *facts) (string, bool) { return f.dictionary(), f.guesswork >= strong }},
	{fair, func(f *facts) (string, bool) { return f.dictionary(), f.guesswork >= fair && f.guesswork < strong }},
	{strong, func(f *facts) (string, bool) {
		return fmt.Sprintf("%d names that do not exist", f.missing), f.missing >= 3 && !f.burst && !f.again
	}},
	{fair, func(f *facts) (string, bool) {
		return fmt.Sprintf("%d names that do not exist", f.missing), f.missing >= 3 && (f.burst || f.again)
	}},
	{fair, func(f *facts) (string, bool) {
		few := f.missing == 2 && len(f.guessed) == 0 && !f.burst
		return fmt.Sprintf("%d names that do not exist", f.missing), few && f.guesswork < fair
	}},
	{fair, func(f *facts) (string, bool) { // seen on the fleet's other bans
		if f.fleet == "" {
			return "", false
		}
		return fmt.Sprintf("%s was tried from %d other addresses this week", f.fleet, f.c.Fleet[f.fleet]), true
	}},
	{fair, func(f *facts) (string, bool) { // of many people, each once or twice
		return fmt.Sprintf("%d different names", f.clusters), f.clusters >= 5 && f.missing == 0 && !f.burst
	}},
	{fair, func(f *facts) (string, bool) {
		return f.otherJail + " banned it as well, for other names", f.otherJail != ""
	}},
	{weak, func(f *facts) (string, bool) { return "an address of a hosting company", f.c.Network == Hosting }},
	{strong, func(f *facts) (string, bool) { // administrators use it, but they type
		root := len(f.roles) == 1 && f.clusters == 1 && f.roles[0] == "root"
		return "only root, without a pause between attempts", root && f.hurried
	}},
	{weak, func(f *facts) (string, bool) { return "no pause between attempts", f.hurried }},
	{fair, func(f *facts) (string, bool) { return "", f.loginAfter && !f.loginBefore }},
}

var personSigns = []sign{
	{strong, func(f *facts) (string, bool) { return f.loggedIn(), f.loginBefore }},
	{fair, func(f *facts) (string, bool) { return f.loggedInAfter(), f.loginAfter && !f.loginBefore }},
	{strong, func(f *facts) (string, bool) {
		return "the same wrong password again", f.e.SamePassword && f.clusters == 1
	}},
	{strong, func(f *facts) (string, bool) { // one name that exists, and is nobody's guess
		return "only " + f.only + f.exists() + f.seen(), f.onlyExists && f.plausible()
	}},
	{strong, func(f *facts) (string, bool) { // one name, of an application whose names are not known outside
		return "only " + f.only + f.seen(), f.onlyUnsaid && f.application && f.plausible()
	}},
	{strong, func(f *facts) (string, bool) { // no dictionary is in capital letters
		return "only " + f.only + ", in capital letters: caps lock?", f.capsLock && f.plausible()
	}},
	{fair, func(f *facts) (string, bool) { // the same, at a pace that fits neither
		return "only " + f.only + f.exists() + f.seen(), f.onlyExists && !f.plausible()
	}},
	{fair, func(f *facts) (string, bool) { // an office, or names that were stolen
		return fmt.Sprintf("%d names, all of which exist", f.clusters), f.allExist
	}},
	{weak, func(f *facts) (string, bool) { // lists are worked off, devices try again; who has stolen two names can do both
		return "in turns", f.allExist && f.clusters == 2 && f.e.Turns >= 2 && !f.hurried
	}},
	{weak, func(f *facts) (string, bool) { // the service does not say whether it exists
		return "only " + f.only + f.seen(), f.onlyUnsaid && (!f.application || !f.plausible())
	}},
	{weak, func(f *facts) (string, bool) { return "", f.c.Network == Access }},
}
