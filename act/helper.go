package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DefaultState is where the helper keeps whom Fail2Ban ignores.
const DefaultState = "/var/lib/friendlyfire-act"

// maxPatience is how long all questions to Fail2Ban for one request may take: an answer comes within ten seconds.
const maxPatience = 9 * time.Second

// Helper does what requests ask for. Several may run side by side, in several processes: they take turns.
type Helper struct {
	Client string // the path of fail2ban-client
	State  string // the folder of whom it trusts, and of how often it has acted
	Log    *slog.Logger

	patience time.Duration // 0: maxPatience
}

// Do does what the line asks for, and logs it with who asked.
func (h *Helper) Do(ctx context.Context, who, line string) Answer {
	r, err := Parse(line)
	if err != nil {
		h.Log.Warn("refused", "who", who, "reason", err.Error())
		return refused("%v", err)
	}
	begun := time.Now()
	// It is finished even if the helper is told to stop.
	ctx, cancel := context.WithTimeoutCause(
		context.WithoutCancel(ctx), cmp.Or(h.patience, maxPatience), errors.New("Fail2Ban does not answer"))
	defer cancel()
	a := h.do(ctx, r)
	a.Text = printable(a.Text, maxLine-len(Unclear)-2)
	asked := r.Verb == Jails || r.Verb == Rules
	if !asked || a.Outcome != Done {
		h.Log.Info("act", "who", who, "request", r.String(), "answer", a.String(),
			"took", time.Since(begun).Round(time.Millisecond).String())
	}
	return a
}

func (h *Helper) do(ctx context.Context, r Request) Answer {
	f := fail2ban{h.Client}
	if err := f.check(); err != nil {
		return refused("%v", err)
	}
	switch r.Verb {
	case Jails:
		names, err := f.jails(ctx)
		if err != nil {
			return refused("%v", err)
		}
		return done("%s", whole(names))
	case Rules:
		return f.rule(ctx, r.Jail)
	}
	unlock, err := h.lock(ctx)
	if err != nil {
		return refused("%v", err)
	}
	defer unlock()
	left, err := spend(h.State, time.Now())
	switch {
	case err != nil:
		return refused("%v", err)
	case !left:
		return refused("%d acts an hour are the limit", actsAnHour)
	case r.Verb == Trust:
		return h.trust(ctx, f, r)
	case r.Verb == Untrust:
		return h.untrust(r)
	}
	return h.unban(ctx, f, r)
}

// whole is as many of the names as an answer has room for.
func whole(names []string) string {
	text := strings.Join(names, " ")
	const most = maxLine - len(Unclear) - 2
	if len(text) > most {
		text = text[:strings.LastIndexByte(text[:most], ' ')]
	}
	return text
}

// unban asks Fail2Ban first whether there is such a ban: it may have been lifted by a request that nobody saw the
// answer of.
func (*Helper) unban(ctx context.Context, f fail2ban, r Request) Answer {
	names, err := f.jails(ctx)
	if err != nil {
		return refused("%v; nothing was done", err)
	}
	if !slices.Contains(names, r.Jail) {
		return refused("Fail2Ban has no jail %s", r.Jail)
	}
	address := TargetText(r.Target)
	banned, err := f.bans(ctx, r.Jail, address)
	if err != nil {
		return refused("%v; nothing was done", err)
	}
	if !banned {
		return done("%s does not ban it", r.Jail)
	}
	said, err := f.unban(ctx, r.Jail, address)
	if own, ok := errors.AsType[*saidError](err); ok {
		return refused("%v", own)
	}
	if err != nil {
		return unclear("%v; the ban may be lifted", err)
	}
	switch banned, err = f.bans(ctx, r.Jail, address); {
	case err != nil:
		return unclear("Fail2Ban said %q, and then: %v", said, err)
	case banned:
		return refused("Fail2Ban said %q and bans it still", said)
	}
	return done("lifted")
}

// trustPatience is how long it may take to find out which jails heed the list.
const trustPatience = 6 * time.Second

// trust adds the target to the list, unless no jail would heed it.
func (h *Helper) trust(ctx context.Context, f fail2ban, r Request) Answer {
	asking, deaf, err := f.trusting(ctx, trustPatience)
	switch {
	case err != nil:
		return refused("%v; nothing was done", err)
	case len(asking) == 0 && len(deaf) > 0:
		return refused("no jail of Fail2Ban asks whom to trust: see Acting in friendlyfire's manual")
	}
	now := time.Now()
	_, list, err := h.without(r.Target, now)
	if err != nil {
		return refused("%v", err)
	}
	if len(list) >= maxTrusted {
		return refused("%d are trusted already: that is the limit", len(list))
	}
	if err := writeTrusted(h.State, append(list, trusted{r.Target, now, now.Add(r.For)})); err != nil {
		return refused("%v", err)
	}
	text := "trusted until " + now.Add(r.For).UTC().Format("Mon 2 Jan 15:04 UTC") // as the bot writes dates
	if len(deaf) > 0 {
		text += ", but not by " + strings.Join(deaf, ", ") + ", which do not ask"
	}
	return done("%s", text)
}

// untrust takes the target off the list.
func (h *Helper) untrust(r Request) Answer {
	known, list, err := h.without(r.Target, time.Now())
	if err == nil {
		err = writeTrusted(h.State, list)
	}
	if err != nil {
		return refused("%v", err)
	}
	for _, e := range list {
		if e.target.Overlaps(r.Target) && e.target.Bits() <= r.Target.Bits() {
			return done("%s is trusted still, and holds it", TargetText(e.target))
		}
	}
	if known {
		return done("not trusted any more")
	}
	return done("was not trusted")
}

// without returns the list without the target and without what has ended, and whether the target was on it.
func (h *Helper) without(target netip.Prefix, now time.Time) (known bool, list []trusted, err error) {
	list, err = readTrusted(h.State)
	list = slices.DeleteFunc(list, func(e trusted) bool {
		known = known || e.target == target && e.counts(now)
		return e.target == target || !e.counts(now)
	})
	return known, list, err
}

// Tidy takes off the list what has ended.
func (h *Helper) Tidy(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, maxPatience)
	defer cancel()
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	list, err := readTrusted(h.State)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(list), func(e trusted) bool { return !e.counts(now) })
	if len(left) == len(list) {
		return nil
	}
	return writeTrusted(h.State, left)
}

// lock waits for its turn, among this process's and others.
func (h *Helper) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(h.State, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(h.State, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits
		if err == nil {
			return func() { f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("other acts are under way: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
