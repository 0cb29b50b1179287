package msg

import "strings"

// CodeDigits is the length of a code that pairs a bot with a chat: what phones make easy to type.
const CodeDigits = 6

// PairAttempt is a code that somebody sent while a bot is being paired, and who and where that was.
type PairAttempt struct {
	Code           string // as it was sent; it may be anything
	User, UserName string // his id, and what he calls himself
	Chat, ChatName string // as a configuration names it, and as people do; the name may be ""
	Guild          string // id of Discord's server, "" elsewhere
	Unfit          string // why this sender or this place cannot be paired with; "" when it can
}

// Self is the bot as its platform knows it.
type Self struct {
	Name  string
	App   string // id of Discord's application, "" elsewhere
	Alone bool   // on Discord: it is in no server yet
}

// CodeIn returns the code that a text is, and whether it is one and nothing else. People may set it with spaces or hyphens.
func CodeIn(text string) (code string, ok bool) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(text)
	return code, len(code) == CodeDigits && strings.Trim(code, "0123456789") == ""
}
