package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"friendlyfire/bot/msg"
)

const (
	answersAtOnce = 4           // over all chats
	queueLength   = 8           // commands waiting in a chat
	answerLimit   = time.Minute // to make an answer, and again to post it
	postAttempts  = 4
)

// enqueue puts the command into its chat's queue, and reports false when that is full. Answering one command of a
// chat at a time leaves room in the chat's rate limit for alerts.
func (l *listener) enqueue(ctx context.Context, c command) bool {
	queue := l.queues[c.Chat]
	if queue == nil {
		queue = make(chan command, queueLength)
		l.queues[c.Chat] = queue
		l.running.Go(func() { l.serve(ctx, queue) })
	}
	select {
	case queue <- c:
		return true
	default:
		return false
	}
}

// serve answers the commands of one chat.
func (l *listener) serve(ctx context.Context, queue <-chan command) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-queue:
			l.handle(ctx, c)
		}
	}
}

func (l *listener) handle(ctx context.Context, c command) {
	if c.press.id != "" && !l.acknowledge(ctx, c.press.id) {
		return
	}
	m := l.answer(ctx, c.Request)
	if len(m.Text) == 0 && m.Photo == nil {
		return
	}
	if err := l.respond(ctx, c, m); err != nil && ctx.Err() == nil {
		l.log.Warn("answer not posted", "chat", c.Chat, "error", err)
	}
}

// acknowledge tells Telegram that a press of a button was received, and reports false when it is too old to be
// answered.
func (l *listener) acknowledge(ctx context.Context, id string) bool {
	_, err := l.call(ctx, callLimit, "answerCallbackQuery", tg.Params{"callback_query_id": id}, nil)
	r, refused := errors.AsType[*refusal](err)
	return !refused || r.status != http.StatusBadRequest
}

// answer calls Answer. A panic there costs the answer, not the program. Its value is not logged, since it may quote the
// message.
func (l *listener) answer(ctx context.Context, r msg.Request) (m msg.Message) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return m
	}
	defer func() { <-l.slots }()
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("a command panicked", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			m = msg.Message{}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return l.Answer(ctx, r)
}

// respond posts an answer. That to a press of a button takes the place of the message below which the button is or,
// where Telegram refuses that, is posted like any other: the message may be deleted, or have a picture, which no text
// can replace. A message of its own says that it may be a repeat if the photo may have arrived after all.
func (l *listener) respond(ctx context.Context, c command, m msg.Message) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	arrived := false // the photo, perhaps
	if c.under != "" && !m.Aside && (m.Photo != nil || !c.picture) {
		err := l.try(ctx, &m, &arrived, func() error {
			if m.Photo == nil && c.picture {
				return &msg.RejectedError{Reason: "no text takes the place of a picture"}
			}
			return l.Edit(ctx, c.Chat, c.under, m)
		})
		_, rejected := errors.AsType[*msg.RejectedError](err)
		_, refused := errors.AsType[*msg.NotSentError](err)
		if !rejected && !refused {
			return err
		}
	}
	return l.try(ctx, &m, &arrived, func() error {
		if arrived {
			return l.Send(ctx, c.Chat, m.AsRepeat())
		}
		return l.Send(ctx, c.Chat, m)
	})
}

// try posts m, and tries again while it was certainly not done and there is time. A photo that cannot be uploaded
// leaves the words of m; arrived is set if it may have arrived.
func (l *listener) try(ctx context.Context, m *msg.Message, arrived *bool, post func() error) error {
	for attempt := 1; ; attempt++ {
		err := post()
		wait := time.Second << attempt
		limit, limited := errors.AsType[*msg.RetryAfterError](err)
		no, unsent := errors.AsType[*msg.NotSentError](err)
		switch {
		case err == nil:
			return nil
		case limited:
			wait = limit.After
		case m.Photo != nil && (!unsent || !no.Unreached):
			_, rejected := errors.AsType[*msg.RejectedError](err)
			*m, *arrived = m.InWords(l.Fits), !unsent && !rejected
		case !unsent || no.After > 0 || no.Unknown:
			return err
		}
		if deadline, _ := ctx.Deadline(); attempt == postAttempts || time.Until(deadline) < wait {
			return err
		}
		msg.Sleep(ctx, wait)
	}
}
