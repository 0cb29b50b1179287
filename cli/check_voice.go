package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/fleet"
	"friendlyfire/stream"
)

// checkVoice says which of two bots speaks, and which stands by, and tries whether this one could.
func checkVoice(ctx context.Context, list *checklist, a *app.App) {
	const what = "voice"
	f := a.Config.Fleet
	if f.Name == "" {
		return
	}
	log := a.VoiceLog()
	defer log.Close()
	seen, err := log.Inspect(ctx)
	switch {
	case errors.Is(err, stream.ErrNoStream):
		list.note(what, "there is no stream "+f.Stream+" yet", "The bot makes it when it starts: friendlyfire, on both machines")
		return
	case err != nil:
		list.problem(what, natsReason(err), adviceForNATS(f.Credentials))
		return
	case seen.Writable != nil:
		list.problem(what, fmt.Errorf("this account may not write to %s.>: %w", f.Stream, natsReason(seen.Writable)),
			"For what lets it: friendlyfire nats user")
		return
	}
	list.ok(what, "%s", voiceSummary(&seen, f.Name, time.Now()))
	for _, r := range voiceFindings(&seen, f.Name, time.Now()) {
		list.note(what, r.says, r.advice)
	}
}

// away is how long a bot must not have said that it runs.
const away = time.Minute

// voiceSummary is "bot-a speaks since 2026-11-29 10:00, bot-b stands by".
func voiceSummary(seen *fleet.Inspected, own string, now time.Time) string {
	speaker := seen.Speaker(now)
	says := "nobody speaks just now"
	if speaker != "" {
		says = speaker + " speaks since " + time.Unix(seen.Lease.Since, 0).Format(time.DateTime)
	}
	slices.SortFunc(seen.Partners, func(a, b fleet.Partner) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range seen.Partners {
		if p.Name != speaker && now.Sub(p.Seen) <= away {
			says += ", " + p.Name + " stands by since " + p.Since.Format(time.DateTime)
		}
	}
	return says + "; this is " + own
}

// voiceFindings are what may keep the voice from being passed on.
func voiceFindings(seen *fleet.Inspected, own string, now time.Time) (all []remark) {
	add := func(is bool, says, advice string, args ...any) {
		if is {
			all = append(all, remark{fmt.Sprintf(says, args...), advice})
		}
	}
	add(seen.Replicas < fewReplicas, "what the bots tell each other is on %d of three servers: while that is down nobody speaks",
		"To have it on three: nats stream edit --replicas 3", seen.Replicas)
	add(!seen.File, "what the bots tell each other is in memory: when NATS stops, both may tell again what was told",
		`The stream wants the storage "file", and is made anew for that.`)
	add(seen.PerSubject != 1, "the stream keeps %d messages of each subject, and grows without need",
		"nats stream edit --max-msgs-per-subject 1", seen.PerSubject)
	add(seen.MaxAge > 0 && seen.MaxAge < fleet.Memory, "the stream forgets after %d hours what was told: a bot may tell it again",
		"nats stream edit --max-age 9d", int(seen.MaxAge.Hours()))
	running := 0
	for _, p := range seen.Partners {
		lost := now.Sub(p.Seen) > away
		add(lost && p.Name != own, p.Name+" was last seen "+p.Seen.Format(time.DateTime), "Does it run? Until it does, nobody stands by.")
		if !lost {
			running++
		}
	}
	add(running == 1, "one bot runs, and nobody stands by", "Start the other one: the same configuration, but for its name.")
	return all
}
