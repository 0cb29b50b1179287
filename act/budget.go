package act

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// An hour has room for so many acts: enough for an administrator in trouble, and too few for whoever has taken over the
// bot to open the door to many.
const (
	actsAnHour = 30
	budgetSpan = time.Hour
)

// budgetFile holds the times of the latest acts, in unix seconds, a line each.
const budgetFile = "acts"

// spend takes one act from the budget of the hour, and reports false if nothing is left of it. It is spent before the
// act is tried, so that a crash gives nothing back. A clock that was set back by more than an hour begins anew.
func spend(dir string, now time.Time) (bool, error) {
	name := filepath.Join(dir, budgetFile)
	text, err := readState(name)
	if err != nil {
		return false, err
	}
	var b bytes.Buffer
	spent := 0
	for line := range strings.Lines(string(text)) {
		at, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err == nil && now.Sub(time.Unix(at, 0)).Abs() < budgetSpan {
			spent++
			fmt.Fprintln(&b, at)
		}
	}
	if spent >= actsAnHour {
		return false, nil
	}
	fmt.Fprintln(&b, now.Unix())
	return true, writeState(name, b.Bytes())
}
