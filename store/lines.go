package store

// Kinds of lines that are neither bans nor rejects, as far as somebody tells them apart. There are others.
const (
	RepeatedBan   = "repeated ban" // one that the source has had before
	AlreadyBanned = "already banned"
	OtherFail2Ban = "other line of Fail2Ban"
	OtherProgram  = "line of another program"
	Continued     = "rest of a message"
	BlankLine     = "blank line"
	Header        = "header"
	Comment       = "comment"

	// Of a file of logins.
	NoLogin             = "line of a service, and no login"
	PrivateLogin        = "login from a private address"
	LoginWithoutAddress = "login without an address"
	NotToldApart        = "not told apart" // read by a release that did not count by kind
)
