package msg

// ReachError is why the bot cannot post to a chat, and what a person can do about it.
type ReachError struct {
	Reason string
	Advice string // lines for the person; "": the platform's Advice.Chat
	Minor  bool   // messages arrive all the same
	Unsure bool   // only a post can show whether they do
}

func (e *ReachError) Error() string { return e.Reason }
