package msg

import (
	"context"
	"fmt"
	"strings"
)

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

// String says who has sent the code, and from where. The names are the sender's choice, the numbers the platform's word.
func (a PairAttempt) String() string {
	s := fmt.Sprintf("%s (user %s)", a.UserName, a.User)
	chat, topic, _ := strings.Cut(a.Chat, "/")
	switch {
	case a.ChatName != "" && topic != "":
		return s + fmt.Sprintf(" in “%s” (chat %s, topic %s)", a.ChatName, chat, topic)
	case a.ChatName != "":
		return s + fmt.Sprintf(" in “%s” (chat %s)", a.ChatName, chat)
	case a.Chat == a.User:
		return s + " in a chat with the bot alone"
	}
	return s + " in chat " + a.Chat
}

// PairingConnection is a connection over which a bot can be paired with a chat.
type PairingConnection interface {
	Connection
	// Pair listens for codes until heard returns true, and returns the attempt that it was true for. It calls ready when
	// codes will be heard. Nobody is answered.
	Pair(ctx context.Context, ready func(Self), heard func(PairAttempt) bool) (PairAttempt, error)
}

// StopFirst says what to do about a bot that runs and hears what is said in place of whoever pairs it.
const StopFirst = "Stop it (systemctl stop friendlyfire, or Ctrl-C where it runs), pair, and start it again"
