package discord

import (
	"context"
	"fmt"
	"strings"

	"github.com/bwmarrin/discordgo"
)

// Me returns the bot's user name. That it does shows that the token is valid.
func (c *Client) Me(ctx context.Context) (name string, err error) {
	me, err := c.rest.User("@me", discordgo.WithContext(ctx))
	if err != nil {
		return "", classify(err)
	}
	return me.Username, nil
}

// CanPost returns a channel's name, and an error saying which permissions the bot lacks there. It posts nothing.
func (c *Client) CanPost(ctx context.Context, channel string) (name string, err error) {
	found, err := c.rest.Channel(channel, discordgo.WithContext(ctx))
	if err != nil {
		return "", classify(err)
	}
	me, err := c.rest.User("@me", discordgo.WithContext(ctx))
	if err != nil {
		return found.Name, classify(err)
	}
	may, err := c.rest.UserChannelPermissions(me.ID, channel, discordgo.WithContext(ctx))
	if err != nil {
		return found.Name, classify(err)
	}
	var lacks []string
	for _, p := range []struct {
		name string
		bit  int64
	}{
		{"View Channel", discordgo.PermissionViewChannel},
		{"Send Messages", discordgo.PermissionSendMessages},
		{"Attach Files", discordgo.PermissionAttachFiles},
	} {
		if may&p.bit == 0 {
			lacks = append(lacks, p.name)
		}
	}
	if lacks != nil {
		return found.Name, fmt.Errorf("the bot lacks the permission: %s", strings.Join(lacks, ", "))
	}
	return found.Name, nil
}
