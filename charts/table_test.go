package charts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An amount so far today does not mean a quiet day, but a level is valid at any time of the day.
func TestTableCountsTheLastBinOfLevelsOnly(t *testing.T) {
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	c := TimeChart{
		Times:  []time.Time{midnight, midnight.AddDate(0, 0, 1), midnight.AddDate(0, 0, 2)},
		End:    midnight.AddDate(0, 0, 2).Add(time.Hour),
		Series: []Series{{Name: "sshd", Values: []float64{8, 6, 1}}},
	}
	for stacked, want := range map[bool][]string{true: {"1", "6", "7", "8"}, false: {"1", "1", "5", "8"}} {
		if diff := cmp.Diff(want, c.layers(Light()).table(stacked)[1].cells); diff != "" {
			t.Errorf("now, min, mean, max; stacked %v (-want +got):\n%s", stacked, diff)
		}
	}
}
