package discordtest

import (
	"net/http"
	"strconv"
)

// Bits of permissions: https://discord.com/developers/docs/topics/permissions
const (
	ViewChannel  = 1 << 10
	SendMessages = 1 << 11
	AttachFiles  = 1 << 15
)

type channel struct {
	name   string
	denied int64
}

// AddChannel adds a text channel of Guild.
func (s *Server) AddChannel(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id] = &channel{name: name}
}

// Deny denies permissions to everybody in a channel. Zero grants all of them again.
func (s *Server) Deny(id string, permissions int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id].denied = permissions
}

// Leave removes the bot from Guild, as its next session will show.
func (s *Server) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
}

func (s *Server) guilds() []any {
	if s.left {
		return []any{}
	}
	return []any{map[string]any{"id": Guild, "unavailable": true}}
}

func (s *Server) botUser() any {
	return map[string]any{"id": BotID, "username": BotName, "discriminator": "0", "bot": true}
}

// find returns a channel that the bot may view.
func (s *Server) find(id string) (*channel, *refusal) {
	c := s.channels[id]
	switch {
	case c == nil:
		return nil, &refusal{http.StatusNotFound, 10003, "Unknown Channel"}
	case c.denied&ViewChannel != 0:
		return nil, &refusal{http.StatusForbidden, 50001, "Missing Access"}
	}
	return c, nil
}

func (s *Server) getChannel(id string) (any, *refusal) {
	c, no := s.find(id)
	if no != nil {
		return nil, no
	}
	everybody := map[string]any{"id": Guild, "type": 0, "allow": "0", "deny": strconv.FormatInt(c.denied, 10)}
	return map[string]any{
		"id": id, "type": 0, "name": c.name, "guild_id": Guild, "permission_overwrites": []any{everybody},
	}, nil
}

func (s *Server) getGuild(id string) (any, *refusal) {
	if id != Guild {
		return nil, &refusal{http.StatusNotFound, 10004, "Unknown Guild"}
	}
	everybody := strconv.Itoa(ViewChannel | SendMessages | AttachFiles)
	return map[string]any{
		"id": Guild, "name": "Example", "owner_id": User,
		"roles": []any{map[string]any{"id": Guild, "name": "@everyone", "permissions": everybody}},
	}, nil
}
