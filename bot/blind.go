package bot

import (
	"context"

	"friendlyfire/store"
)

// blind says what the sources cannot show, so that nobody takes it for what did not happen; "" where nothing is hidden.
// The original form (DATE,TIME,IP_ADDRESS, as bcambl/fail2ban-blacklist writes it) has no column for jails, its writer
// passes over IPv6, and it writes an address once for ever.
func blind(ctx context.Context, s *store.Store) (string, error) {
	sources, err := s.Originals(ctx)
	if err != nil || len(sources) == 0 {
		return "", err
	}
	verb := "is"
	if len(sources) > 1 {
		verb = "are"
	}
	return list(sources[:min(3, len(sources))]) + " " + verb + " in the original form: no jails, no IPv6, and each address only once", nil
}
