package discord

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// Me returns the bot's user name. That it does shows that the token is valid.
func (c *Client) Me(ctx context.Context) (name string, err error) {
	me, err := c.rest.User("@me", discordgo.WithContext(ctx))
	if err != nil {
		return "", classify(err)
	}
	return me.Username, nil
}

// place is a channel as the API describes it.
type place struct {
	discordgo.Channel
	Self *discordgo.ThreadMember `json:"member"` // in a thread that the bot is in; the library has another name for it
}

// CanPost returns the name of a channel or thread, and a *msg.ReachError if the bot cannot post messages and pictures
// there. It posts nothing.
func (c *Client) CanPost(ctx context.Context, channel string) (name string, err error) {
	me, err := c.rest.User("@me", discordgo.WithContext(ctx))
	if err != nil {
		return "", classify(err)
	}
	found, err := c.place(ctx, channel)
	if err != nil {
		return "", explainAccess(err, me.ID)
	}
	name = store.Clean(found.Name, 100)
	if found.Type == discordgo.ChannelTypeDM {
		return "a direct message", nil
	}
	if holds := holdsNoMessages(found.Type); holds != nil {
		return name, holds
	}
	from := found
	if isThread(found.Type) {
		if from, err = c.place(ctx, found.ParentID); err != nil {
			return name, explainAccess(err, me.ID)
		}
	}
	guild, err := c.rest.Guild(found.GuildID, discordgo.WithContext(ctx))
	if err != nil {
		return name, classify(err)
	}
	member, err := c.rest.GuildMember(found.GuildID, me.ID, discordgo.WithContext(ctx))
	if err != nil {
		return name, classify(err)
	}
	member.User = me
	now := time.Now()
	may := permissionsIn(guild, &from.Channel, member, now)
	if until := member.CommunicationDisabledUntil; until != nil && now.Before(*until) && may != everything {
		return name, &msg.ReachError{
			Reason: "the bot is in time-out until " + msg.Stamp(until.UTC(), now) + " UTC, and may only read",
			Advice: "A moderator can end it: a right click on the bot in the list of members, Remove Timeout.",
		}
	}
	if lacks := lacking(may, found.Type); lacks != "" {
		advice := "Grant it to the bot, or to a role of it, in the channel's settings: Edit Channel, Permissions."
		if isThread(found.Type) {
			advice = "A thread has no permissions of its own. Grant it to the bot, or to a role of it, in the channel " +
				"that the thread is in:\n#" + store.Clean(from.Name, 100) + ", Edit Channel, Permissions."
		}
		return name, &msg.ReachError{Reason: "the bot lacks the permission: " + lacks, Advice: advice}
	}
	return found.checkThread(name, may, me.ID)
}

// place returns the channel or thread with this id.
func (c *Client) place(ctx context.Context, id string) (*place, error) {
	address := discordgo.EndpointChannel(id)
	body, err := c.rest.RequestWithBucketID("GET", address, nil, address, discordgo.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	var p place
	return &p, json.Unmarshal(body, &p)
}

// holdsNoMessages says why a channel of this type takes none, whoever posts; nil if it does.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-types
func holdsNoMessages(t discordgo.ChannelType) error {
	switch t {
	case discordgo.ChannelTypeGuildForum, discordgo.ChannelTypeGuildMedia:
		kind := map[bool]string{true: "a forum", false: "a media channel"}[t == discordgo.ChannelTypeGuildForum]
		return &msg.ReachError{
			Reason: kind + " holds posts, and no messages of its own",
			Advice: "Make a post there, and write the post's id in [discord] channels: a right click on it, Copy Thread ID.",
		}
	case discordgo.ChannelTypeGuildCategory, discordgo.ChannelTypeGuildDirectory, discordgo.ChannelTypeGuildStore:
		kind := map[discordgo.ChannelType]string{
			discordgo.ChannelTypeGuildCategory: "category", discordgo.ChannelTypeGuildDirectory: "directory",
			discordgo.ChannelTypeGuildStore: "store channel",
		}[t]
		return &msg.ReachError{
			Reason: "it is a " + kind + ", which holds no messages",
			Advice: "Write the id of a text channel in [discord] channels: a right click on it, Copy Channel ID.",
		}
	}
	return nil
}

// checkThread checks what is special about threads. https://discord.com/developers/docs/topics/threads
func (p *place) checkThread(name string, may int64, me string) (string, error) {
	if !isThread(p.Type) {
		return name, nil
	}
	moderates := may&discordgo.PermissionManageThreads != 0
	if p.Type == discordgo.ChannelTypeGuildPrivateThread && p.Self == nil && !moderates {
		return name, &msg.ReachError{
			Reason: "the thread is private, and the bot is not in it", Advice: "Write in the thread: <@" + me + ">",
		}
	}
	state := p.ThreadMetadata
	switch {
	case state == nil:
	case state.Archived && state.Locked:
		return name, &msg.ReachError{
			Reason: "the thread is archived and locked, so that no message opens it again",
			Advice: "Open and unlock it: its menu, Unlock Thread. Or take another channel.",
		}
	case state.Locked && !moderates:
		return name, &msg.ReachError{
			Reason: "the thread is locked, so that only moderators write in it",
			Advice: "Unlock it: its menu, Unlock Thread. Or grant the bot Manage Threads in the channel that it is in.",
		}
	case state.Archived:
		name += " (archived: the next message opens it again)"
	}
	return name, nil
}

// explainAccess classifies the error of asking for a channel, and explains the one that says that the bot, whose id is
// me, does not see it.
func explainAccess(err error, me string) error {
	if e, ok := errors.AsType[*refusal](err); ok && e.code == missingAccess {
		return &msg.ReachError{
			Reason: e.Error(),
			Advice: "The bot does not see the channel. Invite it to the server; grant it View Channel there, or for a thread " +
				"in the channel\nthat the thread is in; and let it into a thread that is private by writing there: <@" + me + ">",
		}
	}
	return classify(err)
}
