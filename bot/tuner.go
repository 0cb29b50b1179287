package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/evidence/whatif"
	"friendlyfire/store"
)

// Tuner answers /tune from the logs of Fail2Ban, one question at a time. It reads them in Step, apart from everything
// else: whoever asks waits three seconds, and gets a log that takes longer as a message of its own.
type Tuner struct {
	Read     func(ctx context.Context, q TuneQuestion) ([]Tuned, error)
	Reporter *Reporter
	Sender   func(store.Chat) msg.Sender // what reaches the chat
	Wake     func()                      // has a Step taken
	Log      *slog.Logger

	mu     sync.Mutex
	asked  *tuning            // nil: nothing is read
	answer map[string]drawing // by platform, width and jail
}

// tuning is a question about a jail.
type tuning struct {
	jail  string
	from  msg.Request
	done  chan msg.Message
	later bool // nobody waits: the answer is posted
}

// patience is how long an answer may take until it comes as a message of its own.
const patience = 3 * time.Second

// keptAnswer is for how long an answer is given again.
const keptAnswer = time.Minute

func (t *tuning) key() string { return fmt.Sprint(t.from.Platform, " ", t.from.Width, " ", t.jail) }

// ask answers the question or says that the answer follows.
func (t *Tuner) ask(ctx context.Context, jail string, r msg.Request) (msg.Message, error) {
	question := &tuning{jail: jail, from: r, done: make(chan msg.Message, 1)}
	t.mu.Lock()
	known, answered := t.answer[question.key()]
	busy := t.asked
	if busy == nil && (!answered || time.Since(known.at) > keptAnswer) {
		t.asked, answered = question, false
	}
	t.mu.Unlock()
	switch {
	case answered && time.Since(known.at) <= keptAnswer:
		return known.message, nil
	case busy != nil:
		return msg.Message{}, usageError("One log at a time: I am reading that of " + busy.jail + ". Ask again in a moment.")
	}
	t.Wake()
	select {
	case m := <-question.done:
		return m, nil
	case <-ctx.Done():
	case <-time.After(patience):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case m := <-question.done:
		return m, nil
	default:
		question.later = true
		return msg.Message{Text: plain(reading), Aside: true}, nil
	}
}

// Step reads what has been asked for, if anything. It ends early if ctx does.
func (t *Tuner) Step(ctx context.Context) error {
	t.mu.Lock()
	question := t.asked
	t.mu.Unlock()
	if question == nil {
		return nil
	}
	m, err := t.compose(ctx, question)
	if err != nil && ctx.Err() == nil {
		t.Log.Error("command failed", "command", "tune", "error", err)
		m = msg.Message{Text: plain("That did not work: something is wrong with my database. The log says what."), Aside: true}
	}
	m.Silent = true
	t.mu.Lock()
	t.asked = nil
	if err == nil {
		t.answer = map[string]drawing{question.key(): {message: m, at: time.Now()}}
	}
	later := question.later
	if ctx.Err() != nil { // a stop: nobody waits any more
		later = false
	} else if !later {
		question.done <- m
	}
	t.mu.Unlock()
	if later {
		t.post(ctx, store.Chat{Platform: question.from.Platform, ID: question.from.Chat}, m)
	}
	return nil
}

// post sends an answer that took long. If its picture may have arrived, the words that follow say so.
func (t *Tuner) post(ctx context.Context, chat store.Chat, m msg.Message) {
	const attempts = 4
	sender := t.Sender(chat)
	var err error
	for attempt := 1; attempt <= attempts; attempt++ {
		if err = sender.Send(ctx, chat.ID, m); err == nil || ctx.Err() != nil {
			return
		}
		wait := time.Second << attempt
		limit, limited := errors.AsType[*msg.RetryAfterError](err)
		no, unsent := errors.AsType[*msg.NotSentError](err)
		_, rejected := errors.AsType[*msg.RejectedError](err)
		switch {
		case limited:
			wait = limit.After
		case m.Photo != nil && (!unsent || !no.Unreached):
			if m = m.InWords(sender.Fits); !unsent && !rejected {
				m = m.AsRepeat()
			}
		case !unsent:
			attempt = attempts
		}
		if attempt < attempts && !msg.Sleep(ctx, wait) {
			return
		}
	}
	t.Log.Warn("answer not posted", "chat", chat.String(), "error", err)
}

// compose is the whole answer.
func (t *Tuner) compose(ctx context.Context, question *tuning) (m msg.Message, err error) {
	all, err := t.Read(ctx, TuneQuestion{Jail: question.jail, Since: tunedFor, Rules: chatRules})
	if err != nil {
		return m, err
	}
	m.Text = t.Reporter.Words.TunedText(all, question.jail)
	var results []whatif.Result
	for _, one := range all {
		results = append(results, one.Results...)
	}
	if len(results) == 0 {
		m.Aside = true
		return m, nil
	}
	looks, err := t.looks(ctx, question.jail)
	if err != nil {
		return m, err
	}
	m.Text = lines(m.Text, plain(looks))
	most := slices.MaxFunc(results, func(a, b whatif.Result) int { return a.Friends - b.Friends })
	if !slices.ContainsFunc(optionsOf(most), func(o option) bool { return o.spared[1] > 0 }) {
		return m, nil // there is nothing to see
	}
	picture := tunePicture(most)
	picture.Theme = t.Reporter.For(question.from.Platform).Theme
	if m.Photo, err = picture.PNG(); err != nil {
		t.Log.Error("chart not drawn", "by", "tune", "error", err)
	}
	width := question.from.Width
	if width == 0 {
		width = phone
	}
	m.Fallback = picture.Text(width)
	return m, nil
}

// looks is "By their log lines, 19 of 31 friends banned by sshd look like people", where lines are known.
func (t *Tuner) looks(ctx context.Context, jail string) (string, error) {
	now := time.Now()
	window := store.Window{From: now.Add(-tunedFor), To: now.Add(time.Second)}
	all, err := t.Reporter.judge().lookAlikes(ctx, window, false)
	if l := all[jail]; l.friends > 0 {
		return l.by() + l.of(jail), err
	}
	return "", err
}

// tunePicture shows what other values of maxretry would have done in a jail.
func tunePicture(res whatif.Result) charts.ChoiceChart {
	best, why := advise(res)
	c := charts.ChoiceChart{
		Friends: int64(res.Friends), Others: int64(res.Banned - res.Friends), Picked: best.MaxRetry,
		Axis: "maxretry, replayed for " + tunedDates(res),
	}
	c.Title, c.Subtitle = tuneTitle(res, best, why), why
	if why == "" {
		c.Friends, c.Head.Friends = int64(res.Friends), sparedBy(best, res)
		c.Subtitle = fmt.Sprintf("and still banned %s of %s, with %s more guesses at most", stillBanned(best),
			plural(res.Banned-res.Friends, "other"), number(best.ExtraGuesses))
	}
	for _, o := range optionsOf(res) {
		one := charts.Choice{Value: o.MaxRetry, Spared: wide(o.spared), Banned: wide(o.others)}
		switch o.MaxRetry {
		case res.Present.MaxRetry:
			one.Mark = "today"
		case best.MaxRetry:
			one.Mark = "advised"
		}
		c.Choices = append(c.Choices, one)
	}
	return c
}

func wide(b whatif.Bounds) charts.Bounds { return charts.Bounds{int64(b[0]), int64(b[1])} }
