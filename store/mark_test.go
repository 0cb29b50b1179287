package store

import (
	"fmt"
	"strings"
	"testing"
)

// Marks are counted without reading all bans.
func TestMarksAreCountedWithoutReadingAllBans(t *testing.T) {
	plan := fmt.Sprint(query(t, openBans(t).w, "EXPLAIN QUERY PLAN "+strings.ReplaceAll(marksByJail, "?", "0")))
	if strings.Contains(plan, "SCAN b") || !strings.Contains(plan, "SEARCH b USING INTEGER PRIMARY KEY") {
		t.Error(plan)
	}
}
