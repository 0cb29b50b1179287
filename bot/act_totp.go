package bot

import (
	"context"
	"crypto/subtle"
	"strconv"
	"strings"
	"time"

	"friendlyfire/store"
)

// A second factor for trust, which outlives the one who gave it by weeks: a code of six digits from an app (RFC 6238).
// The code of the minute before counts, too, since clocks differ; no code counts twice, and who guesses has to pause.
const (
	codePeriod  = 30 // seconds
	codeSlack   = 1  // periods before and after
	codeGuesses = 5
	codePause   = 15 * time.Minute
)

// Where it is kept which code was used last, and when wrong ones were given, in unix seconds.
const codeUsedKey, codeWrongKey = "act/code", "act/wrong codes"

// needsCode reports whether the acts are confirmed by a code, too.
func (a *Acting) needsCode(acts []store.Act) bool {
	if a.Code == nil {
		return false
	}
	for _, one := range acts {
		if one.Verb == "trust" {
			return true
		}
	}
	return false
}

// checkCode returns a usageError unless the code is one of now that was not used before.
func (a *Acting) checkCode(ctx context.Context, code string, now time.Time) error {
	a.codes.Lock()
	defer a.codes.Unlock()
	wrong, err := a.wrongCodes(ctx, now)
	if err != nil {
		return err
	}
	if len(wrong) >= codeGuesses {
		return usageError("Too many wrong codes. I take the next one in a quarter of an hour.")
	}
	last, err := a.Store.Value(ctx, codeUsedKey)
	if err != nil {
		return err
	}
	used, _ := strconv.ParseUint(last, 10, 64)      // 0: none
	period := uint64(max(0, now.Unix()/codePeriod)) //nolint:gosec // not negative
	for at := period - codeSlack; at <= period+codeSlack; at++ {
		want, err := a.Code(at)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > used {
			if err := voiceOr(a.Voice).Keep(ctx, codeUsedKey, strconv.FormatUint(at, 10)); err != nil {
				return err
			}
			return a.Store.SetValue(ctx, codeUsedKey, strconv.FormatUint(at, 10))
		}
	}
	wrong = append(wrong, strconv.FormatInt(now.Unix(), 10))
	if err := a.Store.SetValue(ctx, codeWrongKey, strings.Join(wrong, " ")); err != nil {
		return err
	}
	return usageError("That code does not count. Wait for the next one: /yes, the letters of the question, and the code.")
}

// wrongCodes are the times of the wrong codes of late.
func (a *Acting) wrongCodes(ctx context.Context, now time.Time) (times []string, err error) {
	all, err := a.Store.Value(ctx, codeWrongKey)
	for word := range strings.FieldsSeq(all) {
		if at, err := strconv.ParseInt(word, 10, 64); err == nil && now.Sub(time.Unix(at, 0)).Abs() < codePause {
			times = append(times, word)
		}
	}
	return times, err
}
