package telegram

import (
	"context"
	"net/url"

	"friendlyfire/bot/msg"
)

// CheckCommands returns a *msg.ReachError if a webhook keeps commands from the bot. Messages arrive all the same.
// https://core.telegram.org/bots/api#getwebhookinfo
func (c *Client) CheckCommands(ctx context.Context) error {
	var hook struct {
		URL string `json:"url"`
	}
	if err := c.callInto(ctx, callLimit, "getWebhookInfo", nil, &hook); err != nil {
		return err
	}
	if hook.URL == "" {
		return nil
	}
	to := "another program"
	if u, err := url.Parse(hook.URL); err == nil && u.Host != "" { // its path may be a secret
		to = c.clean(u.Hostname())
	}
	return &msg.ReachError{
		Reason: "a webhook is set, so that commands go to " + to + " and are not heard here",
		Advice: "If nothing of yours needs it, delete it: friendlyfire check --delete-webhook\n" +
			"Else give friendlyfire a bot of its own: /newbot at @BotFather.",
		Minor: true,
	}
}

// DeleteWebhook deletes the webhook, if one is set, and keeps the updates that wait.
func (c *Client) DeleteWebhook(ctx context.Context) error {
	_, err := c.call(ctx, callLimit, "deleteWebhook", nil, nil)
	return err
}
