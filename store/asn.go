package store

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// ASN is the number of an autonomous system: a network of its own on the Internet, with one holder. 0 is none (RFC
// 7607).
type ASN uint32

// String is "AS5432", and "" for none.
func (n ASN) String() string {
	if n == 0 {
		return ""
	}
	return "AS" + strconv.FormatUint(uint64(n), 10)
}

// asnForm is what people write for the number of an autonomous system, also in the dotted form of RFC 5396.
var asnForm = regexp.MustCompile(`(?i)^\s*(?:asn?[\s:#-]*([0-9]+)(?:\.([0-9]+))?|([0-9]+))\s*$`)

// ParseASN parses "AS5432", in either case. It is not meant if the text has nothing of such a number; the error says
// what is wrong with one that is meant.
func ParseASN(s string) (n ASN, meant bool, err error) {
	m := asnForm.FindStringSubmatch(s)
	if m == nil {
		return 0, false, nil
	}
	number, err := strconv.ParseUint(m[1]+m[3], 10, 32)
	if low, wrong := strconv.ParseUint(m[2], 10, 16); m[2] != "" {
		err = errors.Join(err, wrong)
		if number > math.MaxUint16 {
			err = strconv.ErrRange
		}
		number = number<<16 | low
	}
	switch n = ASN(number); { //nolint:gosec // it was parsed as one
	case err != nil:
		return 0, true, errors.New("is no number of a network: they end at AS4294967295")
	case n == 0:
		return 0, true, errors.New("is the number of no network")
	case !strings.EqualFold(s, n.String()):
		return 0, true, fmt.Errorf("is to be written as %q", n)
	}
	return n, true, nil
}
