package cli

import (
	"time"

	"friendlyfire/bot"
	"friendlyfire/ingest"
)

// quarter of an hour: the offset of every time zone is a multiple of it.
const quarter = 15 * time.Minute

// shiftOf returns by how much the time in the last line is ahead of the moment when it was written, if a wrong time
// zone explains that: if it is a number of quarter-hours, give or take a minute. Otherwise it returns 0: the line says
// its zone, or the file was touched at another time.
func shiftOf(preview ingest.Preview) time.Duration {
	if preview.Written.IsZero() {
		return 0
	}
	d := preview.Written.Sub(preview.Modified)
	whole := d.Round(quarter)
	if (d-whole).Abs() > time.Minute || whole.Abs() > 26*time.Hour {
		return 0
	}
	return whole
}

// adviceForZone names zones in which the shift would be 0: first that of the whole configuration, if it is one. zone is
// the source's.
func adviceForZone(preview ingest.Preview, zone, usual *time.Location, shift time.Duration) string {
	if shift == 0 {
		return ""
	}
	_, offset := preview.Written.In(zone).Zone()
	return bot.ZoneAdvice(offset+int(shift/time.Second), preview.Modified, usual)
}
