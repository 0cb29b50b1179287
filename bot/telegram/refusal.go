package telegram

import (
	"net/http"
	"slices"
	"strings"
)

// Descriptions of a 400, without "Bad Request: " and in lower case. Telegram documents no list of them: the sentences
// are those of its Bot API server, https://github.com/tdlib/telegram-bot-api, the names in capitals those of the API
// behind it, https://core.telegram.org/method/messages.sendMessage and messages.sendMedia.
//
// Whatever is in neither list may concern the message or the chat.
var (
	// messageFaults begin descriptions of what is wrong with the message itself, so that no further attempt can succeed.
	messageFaults = []string{
		"message is too long", "message_too_long", "text is too long", "message caption is too long",
		"message text is empty", "message_empty", "text must be non-empty", "strings must be encoded in utf-8",
		"can't parse", "entit", "unsupported parse_mode", "message must be non-empty",
		"button_", "reply_markup_", "reply markup is too long", "text buttons are unallowed", "object expected as reply",
		"object expected as link preview", "inline keyboard expected", "inlinekeyboardbutton must", "keyboard_",
		"media_", "photo_", "image_", "there is no photo", "photo must be", "file must be", "wrong file", "file is too big",
		"file_part", "wrong type of the web page", "can't use file", "invalid file",
	}

	// chatFaults are parts of descriptions of a state of the chat or the account, which an administrator can remedy.
	chatFaults = []string{
		"logged out", "chat not found", "user not found", "group chat was", "message thread not found", "not enough rights",
		"have no rights", "have no write access", "need administrator rights", "chat_", "channel_", "peer_", "topic_",
		"user_", "bot_", "frozen_", "slowmode_", "_forbidden", "allow_payment_required", "privacy_premium_required",
	}
)

// description is what the Bot API says of a 400, in lower case; "" of other refusals.
func (r *refusal) description() string {
	if r.status != http.StatusBadRequest || !r.fromAPI || r.movedTo != 0 {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(r.text), "bad request: ")
}

// aboutMessage reports whether the message itself is at fault.
func (r *refusal) aboutMessage() bool {
	text := r.description()
	return text != "" && slices.ContainsFunc(messageFaults, func(s string) bool { return strings.HasPrefix(text, s) })
}

// aboutChat reports whether the chat or the account is at fault.
func (r *refusal) aboutChat() bool {
	text := r.description()
	return slices.ContainsFunc(chatFaults, func(s string) bool { return strings.Contains(text, s) })
}

// unknown reports whether the message may be at fault, or the chat: a 400 that is in neither list, and a message that
// is too large for something on the way.
func (r *refusal) unknown() bool {
	return r.status == http.StatusRequestEntityTooLarge ||
		r.description() != "" && !r.aboutMessage() && !r.aboutChat()
}
