package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

// commonZones are proposed for a source whose time zone is wrong. For each pair of offsets, in summer and in winter,
// that many servers have there is one.
var commonZones = []string{
	"UTC", "Europe/London", "Europe/Brussels", "Europe/Helsinki", "Europe/Moscow",
	"Asia/Dubai", "Asia/Kolkata", "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo",
	"Australia/Sydney", "Pacific/Auckland",
	"America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
}

// adviceForZone names zones in which the shift would be 0: first that of the whole configuration, if it is one. zone is
// the source's.
func adviceForZone(preview ingest.Preview, zone, usual *time.Location, shift time.Duration) string {
	if shift == 0 {
		return ""
	}
	_, offset := preview.Written.In(zone).Zone()
	want := offset + int(shift/time.Second) // east of UTC, in seconds
	zones := commonZones
	if !slices.Contains(zones, usual.String()) {
		zones = append([]string{usual.String()}, zones...)
	}
	var fit []string
	for _, name := range zones {
		z, err := time.LoadLocation(name)
		if err != nil {
			continue
		}
		if _, offset := preview.Modified.In(z).Zone(); offset == want {
			fit = append(fit, fmt.Sprintf("timezone = %q", name))
		}
	}
	clock := time.Unix(0, 0).In(time.FixedZone("", want)).Format("-07:00")
	advice := "the timezone of that place"
	if fit != nil {
		advice = strings.Join(fit[:min(3, len(fit))], ", or ")
	}
	return fmt.Sprintf("Its server's clock seems to be at UTC%s: give this source %s.", clock, advice)
}
