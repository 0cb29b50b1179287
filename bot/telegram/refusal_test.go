package telegram

import (
	"errors"
	"net/http"
	"testing"

	"friendlyfire/bot/msg"
)

// documented are the descriptions of refusals of a post, with what becomes of the message: those of Telegram's Bot API
// server, and those of the API behind it that the server hands on.
// https://github.com/tdlib/telegram-bot-api https://core.telegram.org/method/messages.sendMessage#possible-errors
// https://core.telegram.org/method/messages.sendMedia#possible-errors
var documented = map[string][]string{
	"given up": {
		"message is too long", "MESSAGE_TOO_LONG", "Text is too long", "message caption is too long",
		"MEDIA_CAPTION_TOO_LONG", "message text is empty", "MESSAGE_EMPTY", "text must be non-empty",
		"strings must be encoded in UTF-8",
		"can't parse entities: Unexpected end tag", "can't parse entities JSON object",
		`can't parse MessageEntity: Field "offset" must be of type Number`, "ENTITY_BOUNDS_INVALID",
		"ENTITIES_TOO_LONG", "ENTITY_MENTION_USER_INVALID", "ENTITY_TEXTURL_INVALID", "unsupported parse_mode",
		"can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
		"can't parse reply keyboard markup JSON object", "object expected as reply markup", "reply markup is too long",
		"REPLY_MARKUP_INVALID", "REPLY_MARKUP_BUY_EMPTY", "BUTTON_DATA_INVALID", "BUTTON_TYPE_INVALID",
		"BUTTON_URL_INVALID", "BUTTON_ID_INVALID", "BUTTON_POS_INVALID", "BUTTON_COPY_TEXT_INVALID",
		"BUTTON_USER_PRIVACY_RESTRICTED", "BUTTON_USER_INVALID", "object expected as link preview options",
		"can't parse link preview options JSON object", "MEDIA_EMPTY", "MEDIA_INVALID",
		"there is no photo in the request", "PHOTO_INVALID_DIMENSIONS", "PHOTO_EXT_INVALID", "PHOTO_INVALID",
		"PHOTO_SAVE_FILE_INVALID", "IMAGE_PROCESS_FAILED", "FILE_PARTS_INVALID", "FILE_PART_LENGTH_INVALID",
		"file must be non-empty", "wrong file identifier/HTTP URL specified", "file is too big",
	},
	"held": {
		"Logged out", "chat not found", "private chat not found", "user not found", "PEER_ID_INVALID",
		"chat_id is empty", "CHAT_ID_INVALID", "CHANNEL_INVALID", "CHANNEL_PRIVATE", "message thread not found",
		"TOPIC_CLOSED", "TOPIC_DELETED", "have no write access to the chat", "have no rights to send a message",
		"need administrator rights in the channel chat", "not enough rights to send text messages to the chat",
		"not enough rights to send photos to the chat", "CHAT_WRITE_FORBIDDEN", "CHAT_RESTRICTED",
		"CHAT_ADMIN_REQUIRED", "CHAT_SEND_PLAIN_FORBIDDEN", "CHAT_SEND_PHOTOS_FORBIDDEN", "CHAT_SEND_MEDIA_FORBIDDEN",
		"CHAT_GUEST_SEND_FORBIDDEN", "CHAT_FORWARDS_RESTRICTED", "USER_BANNED_IN_CHANNEL", "USER_IS_BLOCKED",
		"USER_IS_BOT", "INPUT_USER_DEACTIVATED", "PEER_FLOOD", "PRIVACY_PREMIUM_REQUIRED", "ALLOW_PAYMENT_REQUIRED",
		"ALLOW_PAYMENT_REQUIRED_25", "FROZEN_METHOD_INVALID", "FROZEN_PARTICIPANT_MISSING", "SLOWMODE_WAIT_12",
		"SEND_AS_PEER_INVALID", "SUGGESTED_POST_PEER_INVALID", "BOT_METHOD_INVALID", "",
	},
	"in doubt": { // held too, until another goes through
		"message send failed", "MESSAGE_NOT_FOUND", "message to be replied not found", "RANDOM_ID_DUPLICATE",
		"RANDOM_ID_EMPTY", "MSG_ID_INVALID", "MSG_WAIT_FAILED", "QUICK_REPLIES_TOO_MUCH", "SCHEDULE_TOO_MUCH",
		"STORY_ID_INVALID", "TODO_ITEMS_EMPTY", "WC_CONVERT_URL_INVALID", "YOU_BLOCKED_USER",
		"STARS_AMOUNT_INVALID", "BALANCE_TOO_LOW", "Timeout expired",
		"NEVER_SEEN_BEFORE", "no sentence that anybody has seen",
	},
}

func TestR30EveryDocumentedErrorHasItsOutcome(t *testing.T) {
	outcome := func(status int, text string) string {
		err := classify(&refusal{method: "sendMessage", status: status, fromAPI: true, text: text})
		if _, ok := errors.AsType[*msg.RejectedError](err); ok {
			return "given up"
		}
		switch held, ok := errors.AsType[*msg.NotSentError](err); {
		case !ok:
			return "unclear"
		case held.Unknown:
			return "in doubt"
		case held.After == 0:
			return "held, but asked again and again"
		}
		return "held"
	}
	for want, descriptions := range documented {
		for _, d := range descriptions {
			if got := outcome(http.StatusBadRequest, "Bad Request: "+d); got != want {
				t.Errorf("%q: %s, want %s", d, got, want)
			}
		}
	}
	for text, status := range map[string]int{
		"Unauthorized": 401, "Not Found": 404,
		"Forbidden: bot was blocked by the user": 403, "Forbidden: user is deactivated": 403,
		"Forbidden: bot can't initiate conversation with a user": 403, "Forbidden: bot can't send messages to bots": 403,
		"Forbidden: bot was kicked from the supergroup chat": 403, "Forbidden: the group chat was deleted": 403,
		"Forbidden: bot is not a member of the channel chat": 403, "Forbidden: MESSAGE_EMPTY": 403,
	} {
		if got := outcome(status, text); got != "held" {
			t.Errorf("%q: %s, want held", text, got)
		}
	}
	if got := outcome(http.StatusRequestEntityTooLarge, "Request Entity Too Large"); got != "in doubt" {
		t.Errorf("too large: %s, want in doubt", got)
	}
}
