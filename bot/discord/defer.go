package discord

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"

	"friendlyfire/bot/msg"
)

// deferPause is the time between two attempts to defer an answer.
const deferPause = 250 * time.Millisecond

// deferAnswer tells Discord that the answer comes later, and tries again, within Discord's three seconds, while it may
// not have got there. It returns an error if the answer is certainly not deferred. Otherwise it may be: after a lost
// answer of Discord nobody knows, and a deferral that took effect must be followed by the answer, or Discord shows for
// ever that the bot is thinking.
//
// The answer to a press of a button takes the place of the message below which the button is, and nothing shows that
// the bot is thinking.
func (l *listener) deferAnswer(ctx context.Context, i *discordgo.Interaction) error {
	ctx, cancel := context.WithTimeout(ctx, deferLimit)
	defer cancel()
	answer := struct {
		Type discordgo.InteractionResponseType `json:"type"`
	}{discordgo.InteractionResponseDeferredChannelMessageWithSource}
	if isPress(i) {
		answer.Type = discordgo.InteractionResponseDeferredMessageUpdate
	}
	for lost := false; ; {
		err := l.call(ctx, http.MethodPost, discordgo.EndpointInteractionResponse(i.ID, i.Token), answer, nil)
		if err == nil {
			return nil
		}
		lost = lost || mayHaveTakenEffect(err)
		if final(err) || !msg.Sleep(ctx, deferPause) {
			if lost {
				return nil
			}
			return classify(err)
		}
	}
}

func isPress(i *discordgo.Interaction) bool { return i.Type == discordgo.InteractionMessageComponent }

// below posts the answer to a press of a button below the message, where it is not to take its place, or cannot.
func (l *listener) below(ctx context.Context, i *discordgo.Interaction, m msg.Message) error {
	m.Nonce = ""
	return l.post(ctx, http.MethodPost, discordgo.EndpointWebhookToken(i.AppID, i.Token), m)
}

// mayHaveTakenEffect reports whether Discord may have done what a request asked for, although its answer is an error.
func mayHaveTakenEffect(err error) bool {
	if e, ok := errors.AsType[*refusal](err); ok {
		return e.status < http.StatusMultipleChoices || e.status >= http.StatusInternalServerError
	}
	_, unsent := errors.AsType[*msg.NotSentError](err)
	_, held := errors.AsType[*msg.RetryAfterError](err)
	return !unsent && !held
}

// final reports whether Discord itself refuses the request, so that it is pointless to repeat at once.
func final(err error) bool {
	e, ok := errors.AsType[*refusal](err)
	return ok && e.status >= http.StatusMultipleChoices && e.status < http.StatusInternalServerError &&
		e.status != http.StatusTooManyRequests
}

// edit replaces the deferred answer by m. Since that cannot make duplicates, it is tried three times, within ctx: where
// a photo cannot be uploaded, in words. If Discord knows no answer that was deferred, it is tried twice, and known is
// false.
func (l *listener) edit(ctx context.Context, i *discordgo.Interaction, m msg.Message) (known bool, err error) {
	m.Nonce = ""
	for attempt := range 3 {
		err = l.try(ctx, http.MethodPatch, discordgo.EndpointWebhookMessage(i.AppID, i.Token, "@original"), m)
		known = !unknownAnswer(err)
		if e, ok := errors.AsType[*refusal](err); ok && e.code == unknownMessage {
			return known, classify(err) // somebody has deleted it
		}
		err = classify(err)
		_, rejected := errors.AsType[*msg.RejectedError](err)
		if err == nil || rejected && m.Photo == nil || !known && attempt > 0 {
			return known, err
		}
		wait := time.Second
		no, unsent := errors.AsType[*msg.NotSentError](err)
		if e, limited := errors.AsType[*msg.RetryAfterError](err); limited {
			wait = e.After
		} else if m.Photo != nil && (!unsent || !no.Unreached) {
			m = m.InWords(l.Fits)
		}
		if !msg.Sleep(ctx, wait) {
			return known, err
		}
	}
	return known, err
}

// unknownAnswer reports whether Discord says that there is no answer to edit: it was never deferred, or too long ago.
func unknownAnswer(err error) bool {
	e, ok := errors.AsType[*refusal](err)
	return ok && slices.Contains([]int{unknownWebhook, unknownInteraction, invalidToken}, e.code)
}
