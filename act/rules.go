package act

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule is the rule of a jail in force, as Fail2Ban says it when it is asked. Times are in seconds.
type Rule struct {
	MaxRetry int64 // failures that bring a ban
	FindTime int64 // within which they count
	BanTime  int64 // -1: for ever
}

// String is the rule as the helper answers it, and ParseRule parses it.
func (r Rule) String() string {
	return fmt.Sprintf("maxretry %d findtime %d bantime %d", r.MaxRetry, r.FindTime, r.BanTime)
}

var ruleForm = regexp.MustCompile(`^maxretry ([0-9]{1,10}) findtime ([0-9]{1,10}) bantime (-1|[0-9]{1,10})$`)

// ParseRule parses the text of an answer to Rules.
func ParseRule(text string) (r Rule, err error) {
	m := ruleForm.FindStringSubmatch(text)
	if m == nil {
		return r, errors.New("that is no rule of a jail")
	}
	for i, into := range []*int64{&r.MaxRetry, &r.FindTime, &r.BanTime} {
		if *into, err = strconv.ParseInt(m[i+1], 10, 64); err != nil {
			return Rule{}, err
		}
	}
	return r, nil
}

// saidForm is a number as the client prints it: whole, or with a fraction of zero, and negative for no end.
var saidForm = regexp.MustCompile(`^(-?)([0-9]{1,10})(?:\.0+)?$`)

// number asks for a setting of a jail that is a number. It is -1 for all that are negative.
func (f fail2ban) number(ctx context.Context, jail, setting string) (int64, error) {
	said, err := f.run(ctx, "get", jail, setting)
	if err != nil {
		return 0, err
	}
	m := saidForm.FindStringSubmatch(strings.TrimSpace(said))
	if m == nil {
		return 0, fmt.Errorf("Fail2Ban says a %s that is no number: %q", setting, printable(said, 40))
	}
	if m[1] != "" {
		return -1, nil
	}
	return strconv.ParseInt(m[2], 10, 64)
}

// rule answers which rule the jail has.
func (f fail2ban) rule(ctx context.Context, jail string) Answer {
	names, err := f.jails(ctx)
	if err != nil {
		return refused("%v", err)
	}
	if !slices.Contains(names, jail) {
		return refused("Fail2Ban has no jail %s", jail)
	}
	var r Rule
	for _, one := range []struct {
		setting string
		into    *int64
	}{{"maxretry", &r.MaxRetry}, {"findtime", &r.FindTime}, {"bantime", &r.BanTime}} {
		if *one.into, err = f.number(ctx, jail, one.setting); err != nil {
			return refused("%v", err)
		}
	}
	if r.MaxRetry < 1 || r.FindTime < 1 {
		return refused("Fail2Ban says a rule that bans nobody: %v", r)
	}
	return done("%v", r)
}
