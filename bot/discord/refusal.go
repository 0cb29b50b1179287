package discord

import (
	"net/http"
	"slices"
)

// Codes in the body of a refusal. https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
const (
	unknownMessage     = 10008
	unknownWebhook     = 10015
	unknownInteraction = 10062
	missingAccess      = 50001
	missingPermissions = 50013
	invalidToken       = 50027
	uploadsLimited     = 400001 // no files are accepted for now
)

var (
	// messageFaults say that the message itself is at fault, so that no further attempt can succeed.
	messageFaults = []int{
		20009,  // explicit content
		50006,  // empty
		50035,  // invalid form body: too long, malformed
		200000, // blocked by automatic moderation
		240000, // blocked by the filter of harmful links
	}

	// channelFaults say that the channel, the server or the account is at fault. A 400 with one of them costs no message.
	channelFaults = []int{
		10003, 10004, 20001, 20012, 20016, 20024, 20028, 20029, // unknown, not authorized, write limits
		40001, 40002, 40003, 40004, 40006, 40007, 40058, 40062, 40067, 40333, // disabled, forum channels
		50001, 50002, 50003, 50007, 50008, 50009, 50013, 50014, 50024, 50027, 50055, 50083, 50095, 50178, 50278,
		110000, 110001, 130000, // overloaded, not available yet
		160005, 400001, // thread locked, uploads limited
	}
)

// aboutMessage reports whether the message itself is at fault.
func (e *refusal) aboutMessage() bool {
	return e.status/100 == 4 && slices.Contains(messageFaults, e.code)
}

// unknown reports whether the message may be at fault, or the channel: a 400 of Discord's with any other code, and a
// message that is too large for something on the way. 401, 403 and 404 are about the bot and its channel.
func (e *refusal) unknown() bool {
	return e.status == http.StatusRequestEntityTooLarge ||
		e.status == http.StatusBadRequest && e.text != "" &&
			!slices.Contains(messageFaults, e.code) && !slices.Contains(channelFaults, e.code)
}
