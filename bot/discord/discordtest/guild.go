package discordtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Bits of permissions: https://discord.com/developers/docs/topics/permissions
const (
	Administrator         = 1 << 3
	ViewChannel           = 1 << 10
	SendMessages          = 1 << 11
	AttachFiles           = 1 << 15
	ReadMessageHistory    = 1 << 16
	Connect               = 1 << 20
	ManageThreads         = 1 << 34
	SendMessagesInThreads = 1 << 38

	all = 1<<53 - 1
)

// Types of channels: https://discord.com/developers/docs/resources/channel#channel-object-channel-types
const (
	Text               = 0
	DirectMessage      = 1
	Voice              = 2
	Category           = 4
	Announcement       = 5
	AnnouncementThread = 10
	PublicThread       = 11
	PrivateThread      = 12
	Stage              = 13
	Directory          = 14
	Forum              = 15
	Media              = 16
)

// Place is a channel of Guild, or a thread in one.
type Place struct {
	ID, Name   string
	Type       int
	Parent     string // of a thread: its channel
	Overwrites []Overwrite
	Archived   bool // of a thread
	Locked     bool // of a thread
	Joined     bool // the bot is a member of the thread
}

// Overwrite changes permissions in a channel for a role, of which Guild is @everyone, or for a member.
type Overwrite struct {
	ID          string
	Member      bool // it is a member's id
	Allow, Deny int64
}

// Standing is what the bot is in Guild.
type Standing struct {
	Everyone int64            // permissions of @everyone
	Roles    map[string]int64 // permissions of the other roles of the guild
	Mine     []string         // the roles that the bot has
	Owner    bool             // the guild is the bot's
	TimeOut  time.Time        // until when the bot is in time-out; zero: never was
}

// AddChannel adds a text channel of Guild.
func (s *Server) AddChannel(id, name string) { s.SetChannel(Place{ID: id, Name: name}) }

// SetChannel adds or replaces a channel.
func (s *Server) SetChannel(p Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[p.ID] = &p
}

// SetStanding sets what the bot is in Guild. At first, @everyone may do all that a simple bot does.
func (s *Server) SetStanding(standing Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing = standing
}

// Deny denies permissions to everybody in a channel. Zero grants all of them again.
func (s *Server) Deny(id string, permissions int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id].Overwrites = []Overwrite{{ID: Guild, Deny: permissions}}
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

func (p *Place) isThread() bool { return p.Type >= AnnouncementThread && p.Type <= PrivateThread }

// permissions are the bot's in a channel, or in a thread, which has those of its parent. The steps are numbered as in
// https://discord.com/developers/docs/topics/permissions#permission-overwrites
func (s *Server) permissions(p *Place) int64 {
	if p.isThread() {
		p = s.channels[p.Parent]
	}
	may := s.standing.Everyone // 1
	for _, role := range s.standing.Mine {
		may |= s.standing.Roles[role] // 2
	}
	if s.standing.Owner || may&Administrator != 0 {
		return all
	}
	apply := func(concerns func(Overwrite) bool) { // 3 and 4, 5 and 6, 7 and 8
		var deny, allow int64
		for _, o := range p.Overwrites {
			if concerns(o) {
				deny, allow = deny|o.Deny, allow|o.Allow
			}
		}
		may = may&^deny | allow
	}
	apply(func(o Overwrite) bool { return !o.Member && o.ID == Guild })
	apply(func(o Overwrite) bool { return !o.Member && slices.Contains(s.standing.Mine, o.ID) })
	apply(func(o Overwrite) bool { return o.Member && o.ID == BotID })
	if time.Now().Before(s.standing.TimeOut) {
		may &= ViewChannel | ReadMessageHistory
	}
	return may
}

// find returns a channel that the bot may view.
func (s *Server) find(id string) (*Place, *refusal) {
	p := s.channels[id]
	missing := &refusal{http.StatusForbidden, 50001, "Missing Access"}
	switch {
	case p == nil:
		return nil, &refusal{http.StatusNotFound, 10003, "Unknown Channel"}
	case p.Type == DirectMessage:
	case s.permissions(p)&ViewChannel == 0:
		return nil, missing
	case p.Type == PrivateThread && !p.Joined && s.permissions(p)&ManageThreads == 0:
		return nil, missing
	}
	return p, nil
}

// refusesPost returns why the bot may not post in a channel, nil if it may. A message opens an archived thread again.
func (s *Server) refusesPost(p *Place, file bool) *refusal {
	need := int64(SendMessages)
	switch p.Type {
	case DirectMessage:
		return nil
	case Category, Directory, Forum, Media:
		return &refusal{http.StatusBadRequest, 50008, "Cannot send messages in a non-text channel"}
	case AnnouncementThread, PublicThread, PrivateThread:
		need = SendMessagesInThreads
	case Voice, Stage:
		need |= Connect
	}
	if file {
		need |= AttachFiles
	}
	may := s.permissions(p)
	switch {
	case may&need != need:
		return &refusal{http.StatusForbidden, 50013, "Missing Permissions"}
	case p.Locked && p.Archived:
		return &refusal{http.StatusBadRequest, 50083, "Thread is archived"}
	case p.Locked && may&ManageThreads == 0:
		return &refusal{http.StatusForbidden, 160005, "This thread is locked"}
	}
	p.Archived = false
	return nil
}

func (s *Server) getChannel(id string) (any, *refusal) {
	p, no := s.find(id)
	if no != nil {
		return nil, no
	}
	if p.Type == DirectMessage {
		somebody := map[string]any{"id": User, "username": "somebody", "discriminator": "0"}
		return map[string]any{"id": id, "type": p.Type, "recipients": []any{somebody}}, nil
	}
	channel := map[string]any{"id": id, "type": p.Type, "name": p.Name, "guild_id": Guild}
	if !p.isThread() {
		overwrites := []any{}
		for _, o := range p.Overwrites {
			kind := map[bool]int{true: 1}[o.Member]
			overwrites = append(overwrites, map[string]any{
				"id": o.ID, "type": kind, "allow": bits(o.Allow), "deny": bits(o.Deny),
			})
		}
		channel["permission_overwrites"] = overwrites
		return channel, nil
	}
	channel["parent_id"] = p.Parent
	channel["thread_metadata"] = map[string]any{
		"archived": p.Archived, "locked": p.Locked, "auto_archive_duration": 1440,
		"archive_timestamp": time.Now().UTC().Format(time.RFC3339),
	}
	if p.Joined {
		channel["member"] = map[string]any{
			"id": id, "user_id": BotID, "flags": 0, "join_timestamp": time.Now().UTC().Format(time.RFC3339),
		}
	}
	return channel, nil
}

func (s *Server) getGuild(id string) (any, *refusal) {
	if id != Guild {
		return nil, &refusal{http.StatusNotFound, 10004, "Unknown Guild"}
	}
	roles := []any{map[string]any{"id": Guild, "name": "@everyone", "permissions": bits(s.standing.Everyone)}}
	for _, role := range slices.Sorted(maps.Keys(s.standing.Roles)) {
		roles = append(roles, map[string]any{
			"id": role, "name": "role " + role, "permissions": bits(s.standing.Roles[role]),
		})
	}
	owner := User
	if s.standing.Owner {
		owner = BotID
	}
	return map[string]any{"id": Guild, "name": "Example", "owner_id": owner, "roles": roles}, nil
}

func (s *Server) getMember(guild, user string) (any, *refusal) {
	if guild != Guild || user != BotID {
		return nil, &refusal{http.StatusNotFound, 10007, "Unknown Member"}
	}
	member := map[string]any{
		"user": s.botUser(), "roles": append([]string{}, s.standing.Mine...), "communication_disabled_until": nil,
	}
	if !s.standing.TimeOut.IsZero() {
		member["communication_disabled_until"] = s.standing.TimeOut.UTC().Format(time.RFC3339Nano)
	}
	return member, nil
}

func bits(permissions int64) string { return strconv.FormatInt(permissions, 10) }
