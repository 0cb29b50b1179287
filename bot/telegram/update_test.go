package telegram

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestForBot(t *testing.T) {
	tests := map[string]struct {
		text, want string
		mine       bool
	}{
		"plain":           {"/report country 7d", "/report country 7d", true},
		"named":           {"/report@our_bot country", "/report country", true},
		"named alone":     {"/report@Our_Bot", "/report", true},
		"newline":         {"/ip@our_bot\n192.0.2.1", "/ip\n192.0.2.1", true},
		"another's":       {"/report@other_bot", "", false},
		"mentioned later": {"/report x@other_bot", "/report x@other_bot", true},
		"empty name":      {"/report@", "", false},
		"no command":      {"hello /report", "", false},
		"nothing":         {"", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, mine := forBot(test.text, "our_bot"); got != test.want || mine != test.mine {
				t.Errorf("forBot = %q, %v, want %q, %v", got, mine, test.want, test.mine)
			}
		})
	}
}

func FuzzUpdate(f *testing.F) {
	f.Add(`{"update_id":1,"message":{"date":0,"chat":{"id":-1},"from":{"id":2},"text":"/report@our_bot x",` +
		`"message_thread_id":4,"is_topic_message":true}}`)
	f.Add(`{"update_id":1,"callback_query":{"id":"q","from":{"id":2},"message":{"chat":{"id":-1}},"data":"/report"}}`)
	f.Add(`{"update_id":1,"message":{"text":"/@our_bot"}}`)
	f.Add(`{"message":null,"callback_query":{"message":{}}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var u update
		if json.Unmarshal([]byte(raw), &u) != nil {
			return
		}
		c, why, ok := u.command("our_bot", time.Unix(0, 0))
		if ok && (why != "" || !strings.HasPrefix(c.Text, "/") || c.User == "" || c.Platform != platform) {
			t.Errorf("heard %+v, %q", c, why)
		}
	})
}
