package bot

import (
	"context"
	"fmt"
)

// MessagesLost tells that messages of a stream were gone before they were read, up to a sequence; messages is 0 where
// nobody knows how many. It tells of the same loss once.
func (h *Health) MessagesLost(ctx context.Context, source string, until, messages int64, why string) error {
	what := "Messages"
	if messages > 0 {
		what = plural(messages, "message")
	}
	text := red(headed(what+" of "+source+" lost", ": "+why+". Bans may have been among them. Let the stream keep more, or "+
		"see why nobody read it for so long"))
	return h.Post(ctx, fmt.Sprintf("lost/%s/%d", source, until), text)
}
