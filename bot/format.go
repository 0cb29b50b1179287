package bot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// humanDuration is a duration in its two largest units: "1 day 2 h".
func humanDuration(d time.Duration) string {
	seconds := int64(d / time.Second)
	units := []struct {
		seconds    int64
		one, other string
	}{{86_400, " day", " days"}, {3600, " h", " h"}, {60, " min", " min"}, {1, " s", " s"}}
	for i, u := range units {
		n := seconds / u.seconds
		if n == 0 {
			continue
		}
		s := number(n) + map[bool]string{true: u.one, false: u.other}[n == 1]
		if i+1 < len(units) {
			next := units[i+1]
			if rest := seconds % u.seconds / next.seconds; rest > 0 {
				s += " " + number(rest) + map[bool]string{true: next.one, false: next.other}[rest == 1]
			}
		}
		return s
	}
	return "0 s"
}

// thin is the narrow no-break space, which groups the digits of numbers.
const thin = "\u202f"

// number groups the digits by thin spaces, in messages as in pictures: 12 345.
func number[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + thin + s[i:]
	}
	return s
}

// Number is n as every text for people has it: 12 345.
func Number[T ~int | ~int64](n T) string { return number(n) }

// plural is "1 ban", "2 bans".
func plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		return number(n) + " " + noun + "es"
	}
	return number(n) + " " + noun + "s"
}

// ordinal is "1st", "12th", "23rd".
func ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return number(n) + suffix
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return number(n) + " times"
}

// list is "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(slices.Clone(words)[:last], ", ") + " and " + words[last]
}

// percent is part of whole to one decimal, as in the charts.
func percent(part, whole int64) string {
	if whole == 0 || part == 0 {
		return "0%"
	}
	return strings.Replace(fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole)), "100.0%", "100%", 1)
}

// length is how long a period is, in words; all time has none.
func length(since string) string {
	return map[string]string{"24h": "24 hours", "7d": "7 days", "30d": "30 days", "week": "week"}[since]
}

// Size is a number of bytes: "812 B", "1.2 MB".
func Size(bytes int64) string {
	n, unit := float64(bytes), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if n < 1000 {
			break
		}
		n, unit = n/1000, u
	}
	if unit == "B" || n >= 100 {
		return fmt.Sprintf("%.0f %s", n, unit)
	}
	return fmt.Sprintf("%.1f %s", n, unit)
}
