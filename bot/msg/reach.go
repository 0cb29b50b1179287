package msg

// ReachError is why the bot cannot post to a chat, and what a person can do about it.
type ReachError struct {
	Reason string
	Advice string // lines for the person; "": the platform's Advice.Chat
	Unsure bool   // only a post can show whether it is so
}

func (e *ReachError) Error() string { return e.Reason }
