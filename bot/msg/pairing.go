package msg

import (
	"context"
	"fmt"
	"strings"
)

// CodeDigits is the length of the code that pairs a bot with a chat: short enough to type on a phone.
const CodeDigits = 6

// PairAttempt is a code that was sent while a bot is being paired, with its sender and its chat.
type PairAttempt struct {
	Code           string // as it was sent; it may be anything
	User, UserName string // the sender's id and chosen name
	Chat, ChatName string // as in the configuration, and as people know it; the name may be ""
	Guild          string // id of the Discord server, "" on other platforms
	Unfit          string // why the bot cannot be paired with this sender or chat; "": it can
}

// Self is the bot's account on a platform.
type Self struct {
	Name  string
	App   string // id of the Discord application, "" on other platforms
	Alone bool   // on Discord: the bot is in no server yet
}

// CodeIn returns the text without spaces and hyphens, and whether that is a code and nothing else.
func CodeIn(text string) (code string, ok bool) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(text)
	return code, len(code) == CodeDigits && strings.Trim(code, "0123456789") == ""
}

// String says who sent the code, and from where. The sender may have chosen the names, but not the numbers, which
// come from the platform.
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
	Listener
	// Pair listens for codes until accept returns true for one, and returns that attempt. It calls ready as soon as it
	// listens. It answers nobody.
	Pair(ctx context.Context, ready func(Self), accept func(PairAttempt) bool) (PairAttempt, error)
}

// StopFirst says what to do about a bot that is running and receives the codes itself while it is to be paired.
const StopFirst = "Stop it (systemctl stop friendlyfire, or Ctrl-C where it runs), pair, and start it again"
