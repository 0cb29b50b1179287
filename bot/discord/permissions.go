package discord

import (
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"
)

// everything is all permissions, those that do not exist yet among them.
const everything = int64(-1)

// permissionsIn returns what a member may do in a channel, or in the threads of that channel, which have no overwrites
// of their own. The library's calculation knows neither threads nor time-outs.
// https://discord.com/developers/docs/topics/permissions#permission-overwrites
func permissionsIn(g *discordgo.Guild, channel *discordgo.Channel, m *discordgo.Member, now time.Time) int64 {
	var may int64
	for _, role := range g.Roles {
		if role.ID == g.ID || slices.Contains(m.Roles, role.ID) { // @everyone has the guild's id
			may |= role.Permissions
		}
	}
	if m.User.ID == g.OwnerID || may&discordgo.PermissionAdministrator != 0 {
		return everything
	}
	const role, member = discordgo.PermissionOverwriteTypeRole, discordgo.PermissionOverwriteTypeMember
	for _, concerns := range []func(*discordgo.PermissionOverwrite) bool{
		func(o *discordgo.PermissionOverwrite) bool { return o.Type == role && o.ID == g.ID },
		func(o *discordgo.PermissionOverwrite) bool { return o.Type == role && slices.Contains(m.Roles, o.ID) },
		func(o *discordgo.PermissionOverwrite) bool { return o.Type == member && o.ID == m.User.ID },
	} {
		var deny, allow int64
		for _, o := range channel.PermissionOverwrites {
			if concerns(o) {
				deny, allow = deny|o.Deny, allow|o.Allow
			}
		}
		may = may&^deny | allow
	}
	if until := m.CommunicationDisabledUntil; until != nil && now.Before(*until) {
		may &= discordgo.PermissionViewChannel | discordgo.PermissionReadMessageHistory
	}
	return may
}

// permission is one that is needed, by the name that Discord's settings have for it.
type permission struct {
	name string
	bit  int64
}

// needed are the permissions for messages with pictures in a channel of this type.
func needed(t discordgo.ChannelType) []permission {
	all := []permission{{"View Channel", discordgo.PermissionViewChannel}}
	switch {
	case isThread(t): // where Send Messages has no effect
		all = append(all, permission{"Send Messages in Threads", discordgo.PermissionSendMessagesInThreads})
	case t == discordgo.ChannelTypeGuildVoice, t == discordgo.ChannelTypeGuildStageVoice:
		all = append(all, permission{"Connect", discordgo.PermissionVoiceConnect},
			permission{"Send Messages", discordgo.PermissionSendMessages})
	default:
		all = append(all, permission{"Send Messages", discordgo.PermissionSendMessages})
	}
	return append(all, permission{"Attach Files", discordgo.PermissionAttachFiles})
}

// lacking returns the names of the needed permissions that are not in may; "" for none.
func lacking(may int64, t discordgo.ChannelType) string {
	var lacks []string
	for _, p := range needed(t) {
		if may&p.bit == 0 {
			lacks = append(lacks, p.name)
		}
	}
	return strings.Join(lacks, ", ")
}

func isThread(t discordgo.ChannelType) bool {
	return t == discordgo.ChannelTypeGuildNewsThread || t == discordgo.ChannelTypeGuildPublicThread ||
		t == discordgo.ChannelTypeGuildPrivateThread
}
