package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// Ref names the ban by what identifies it: every bot that has read the same line gives it the same name. It is at most
// 24 letters, digits and one hyphen: the time in base 36, and 50 bits of a hash that tell apart the bans of a second.
func (b Ban) Ref() string { return banRef(b.Source, b.Time.Unix(), b.Address, b.Jail, b.Nth) }

func banRef(source string, at int64, address, jail string, nth int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", source, address, jail, nth))
	return strconv.FormatInt(at, 36) + "-" + refLetters.EncodeToString(sum[:])[:10]
}

var refLetters = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// BanByRef returns the ban of that name; false: there is none.
func (s *Store) BanByRef(ctx context.Context, ref string) (EnrichedBan, bool, error) {
	stamp, _, hyphen := strings.Cut(ref, "-")
	at, err := strconv.ParseInt(stamp, 36, 64)
	if err != nil || !hyphen {
		return EnrichedBan{}, false, nil //nolint:nilerr // it is nobody's name
	}
	all, err := s.enriched(ctx, "WHERE b.time = ?", at)
	for _, b := range all {
		if b.Ref() == ref {
			return b, true, err
		}
	}
	return EnrichedBan{}, false, err
}

// registerBanRef registers the SQL function ban_ref(source, time, address, jail, nth).
func registerBanRef() error {
	call := func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		source, ok1 := args[0].(string)
		at, ok2 := args[1].(int64)
		address, ok3 := args[2].(string)
		jail, ok4 := args[3].(string)
		nth, ok5 := args[4].(int64)
		if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
			return nil, fmt.Errorf("ban_ref of %T, %T, %T, %T, %T", args[0], args[1], args[2], args[3], args[4])
		}
		return banRef(source, at, address, jail, nth), nil
	}
	return sqlite.RegisterDeterministicScalarFunction("ban_ref", 5, call)
}
