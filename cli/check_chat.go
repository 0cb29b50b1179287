package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"friendlyfire/app"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
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
		list.problem(name, inWords(err), advice.Token)
		return
	}
	list.privacy.hide(self)
	if self != "" {
		list.ok(name, "known as %s", self)
	}
	if commands, ok := connection.(interface{ CheckCommands(context.Context) error }); ok {
		checkCommands(list, platform, commands.CheckCommands(ctx))
	}
	if users, commanded := app.UsersOf(platform); commanded && len(users) == 0 {
		list.note(name, "nobody may command it",
			"It obeys the users in the configuration alone, and this adds one: friendlyfire pair "+name+" --write")
	}
	for _, chat := range a.Chats {
		if chat.Platform == name {
			checkChat(ctx, list, connection, chat, platform, test)
		}
	}
}

// checkChat checks whether messages arrive in a chat, and posts the test messages if there are any.
func checkChat(ctx context.Context, list *checklist, connection msg.Connection, chat store.Chat, platform app.Platform,
	test *testMessages,
) {
	var advice msg.Advice
	if platform != nil {
		advice = platform.Advice()
	}
	title, err := connection.CanPost(ctx, chat.ID)
	_, commanded := app.UsersOf(platform)
	if commanded { // else the title tells where the chat stands in the configuration
		list.privacy.hide(title)
	}
	reach, ok := errors.AsType[*msg.ReachError](err)
	if !ok {
		reach = &msg.ReachError{}
	}
	if test != nil && (err == nil || reach.Unsure || reach.Minor) {
		sent := test.send(ctx, connection, chat, func(what string) { list.print("wait", chat.String()+": "+what) })
		switch {
		case sent != nil:
			err, reach.Unsure, reach.Minor = sent, false, false
		case reach.Unsure:
			err = nil
		}
		title += "; a test alert and a test picture are there"
	}
	help := cmp.Or(reach.Advice, advice.Chat)
	switch {
	case err == nil:
		list.ok(chat.String(), "%s", title)
	case reach.Unsure, reach.Minor:
		list.note(chat.String(), title+"; "+reach.Reason, help)
	default:
		err = inWords(err)
		if !commanded && title != "" { // an alias alone tells nobody which chat it is
			err = fmt.Errorf("%s: %w", title, err)
		}
		list.problem(chat.String(), err, help)
	}
}

// checkCommands tells what keeps commands from being heard, which is a problem where somebody may give them.
func checkCommands(list *checklist, platform app.Platform, err error) {
	if err == nil {
		return
	}
	var advice string
	if reach, ok := errors.AsType[*msg.ReachError](err); ok {
		advice = reach.Advice
	}
	if users, _ := app.UsersOf(platform); len(users) == 0 {
		list.note(platform.Name(), inWords(err).Error(), advice)
		return
	}
	list.problem(platform.Name(), inWords(err), advice)
}

// deleteWebhook deletes the webhook of a platform that can have one.
func deleteWebhook(ctx context.Context, list *checklist, connection msg.Connection) {
	platform, ok := connection.(interface{ DeleteWebhook(context.Context) error })
	if !ok {
		return
	}
	if err := platform.DeleteWebhook(ctx); err != nil {
		list.problem(connection.Platform(), inWords(err), "")
		return
	}
	list.ok(connection.Platform(), "no webhook is set any more")
}
