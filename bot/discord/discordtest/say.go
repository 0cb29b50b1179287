package discordtest

import (
	"strings"
	"time"
)

// Intents: https://discord.com/developers/docs/events/gateway#list-of-intents
const (
	guildMessages  = 1 << 9
	directMessages = 1 << 12
	privileged     = 1<<1 | 1<<8 | 1<<15 // members, presences, message content: none is granted
)

// Mention mentions the bot in a message.
const Mention = "<@" + BotID + ">"

// Say sends a message of somebody in a channel, or a direct message to the bot if who.Guild is "". Sessions with the
// intent for it receive it. Its text is empty unless it is a direct message or mentions the bot.
func (s *Server) Say(who Ask, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	intent, mentions := guildMessages, []any{}
	if strings.Contains(text, Mention) {
		mentions = append(mentions, s.botUser())
	}
	event := map[string]any{
		"id": s.newID(), "type": 0, "channel_id": who.Channel, "timestamp": time.Now().UTC().Format(time.RFC3339),
		"author": map[string]any{
			"id": who.User, "username": "somebody", "global_name": "Some Body", "discriminator": "0", "bot": who.Bot,
		},
	}
	switch {
	case who.Guild == "":
		intent = directMessages
	case len(mentions) == 0:
		text = ""
	}
	if who.Guild != "" {
		event["guild_id"] = who.Guild
	}
	event["content"], event["mentions"] = text, mentions
	for _, session := range s.gateway.sessions {
		if session.conn != nil && session.intents&intent != 0 {
			s.dispatchTo(session, "MESSAGE_CREATE", event)
		}
	}
}
