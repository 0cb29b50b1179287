package cli

import (
	"context"
	"errors"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
)

// checkConnection checks the token and the chats of a platform, and posts the test messages if there are any.
func checkConnection(
	ctx context.Context, list *checklist, a *app.App, connection msg.Connection, test *testMessages,
) {
	name := connection.Platform()
	var advice msg.Advice
	platform := app.PlatformNamed(a.Config, name) // nil: the terminal
	if platform != nil {
		advice = platform.Advice()
	}
	self, err := connection.Me(ctx)
	if err != nil {
		list.problem(name, msg.Cause(err), advice.Token)
		return
	}
	if self != "" {
		list.ok(name, "known as %s", self)
	}
	if platform != nil && len(platform.Users()) == 0 {
		list.note(name, "nobody may command it",
			"It obeys the users in the configuration alone, and this adds one: friendlyfire pair "+name+" --write")
	}
	for _, chat := range a.Chats {
		if chat.Platform != name {
			continue
		}
		title, err := connection.CanPost(ctx, chat.ID)
		reach, explained := errors.AsType[*msg.ReachError](err)
		unsure := explained && reach.Unsure
		if test != nil && (err == nil || unsure) {
			unsure, err = false, test.send(ctx, connection, chat)
			title += "; a test alert and a test picture are there"
		}
		help := advice.Chat
		if explained && reach.Advice != "" {
			help = reach.Advice
		}
		switch {
		case unsure:
			list.note(chat.String(), title+"; "+reach.Reason, help)
		case err != nil:
			list.problem(chat.String(), msg.Cause(err), help)
		default:
			list.ok(chat.String(), "%s", title)
		}
	}
}
