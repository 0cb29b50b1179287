package bot

import (
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// How trouble and its end begin, so that they differ at a glance.
const redMark, greenMark = "🔴 ", "🟢 "

// red is what is said of trouble.
func red(t msg.Text) msg.Text { return append(msg.Text{{Text: redMark}}, t...) }

// green is what is said of the end of trouble. How long it was stands behind the first words.
func green(t msg.Text, long time.Duration) msg.Text {
	all := append(msg.Text{{Text: greenMark}}, t[:1]...)
	if long >= time.Second {
		all = append(all, msg.Run{Text: ", after " + humanDuration(long)})
	}
	return append(all, t[1:]...)
}

// unmarked is the text without the mark of trouble or its end.
func unmarked(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, redMark), greenMark) }

// advised says where to type something, and what: "On web1: systemctl status fail2ban".
func advised(where, command string) msg.Text {
	return msg.Text{{Text: where + ": "}, {Text: command, Style: msg.Code}}
}

// serverAdvice is what to type where Fail2Ban may have stopped.
func serverAdvice(source string) msg.Text { return advised("On "+source, "systemctl status fail2ban") }

// advice is a sentence on what helps against the reason, behind another; nil where nothing does.
func (r Reason) advice() msg.Text {
	if help := r.help(); help != nil {
		return append(plain(". "), help...)
	}
	return nil
}

// help is what helps against the reason; nil where nothing does.
func (r Reason) help() msg.Text {
	if r.Type == "" {
		return plain(r.Advice)
	}
	return advised(r.Advice, r.Type)
}

// chatReason is why a chat does not get the messages.
func chatReason(s store.ChatStatus) Reason {
	if s.FailingSince.IsZero() { // it was not tried, and could not be
		return Reason{Says: "its rate limit is used up"}
	}
	return ReasonOf(s.Error)
}

// stamp is a moment in the form in which a state is kept.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lasted is how long trouble was, by the state that was kept when it was told: the moment of that and, behind a space,
// that at which it began if that is another. A clock that was set back since makes it 0.
func lasted(kept string, now time.Time) time.Duration {
	began := kept[strings.LastIndexByte(kept, ' ')+1:]
	t, err := time.Parse(time.RFC3339, began)
	if err != nil {
		return 0
	}
	return max(0, now.Sub(t)).Truncate(time.Second)
}
