package bot

import (
	"context"
	"fmt"
	"time"

	"friendlyfire/store"
)

// catchUp is how long the servers of a stream that was out of reach have to say that they run, and what they kept.
const catchUp = 5 * time.Minute

// outOfReach reports whether a stream is out of reach, or was until a moment ago. Then nobody knows whether its servers
// are silent. That is one trouble, and the stream's own.
func (r *round) outOfReach(stream store.SourceStatus) bool {
	if !stream.FailingSince.IsZero() {
		if r.streams == nil {
			r.streams = map[string]time.Time{}
		}
		r.streams[stream.Name] = r.now
	}
	return r.now.Sub(r.streams[stream.Name]) < catchUp
}

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
