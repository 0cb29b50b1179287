package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// commonZones are proposed for a source whose time zone is wrong. For each pair of offsets, in summer and in winter,
// that many servers have there is one.
var commonZones = []string{
	"UTC", "Europe/London", "Europe/Brussels", "Europe/Helsinki", "Europe/Moscow",
	"Asia/Dubai", "Asia/Kolkata", "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo",
	"Australia/Sydney", "Pacific/Auckland",
	"America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
}

// ZoneAdvice says what to configure for a source whose server's clock was at this offset, in seconds east of UTC, at
// that moment: zones that had the offset then, that of the whole configuration first if it is one.
func ZoneAdvice(offset int, at time.Time, usual *time.Location) string {
	var fit []string
	for _, name := range ZonesAt(offset, at, usual) {
		fit = append(fit, fmt.Sprintf("timezone = %q", name))
	}
	advice := "the timezone of that place"
	if fit != nil {
		advice = strings.Join(fit[:min(3, len(fit))], ", or ")
	}
	clock := time.Unix(0, 0).In(time.FixedZone("", offset)).Format("-07:00")
	return fmt.Sprintf("Its server's clock seems to be at UTC%s: give this source %s.", clock, advice)
}

// ZonesAt returns names of common zones that had this offset, in seconds east of UTC, at that moment, that of the whole
// configuration first if it is one.
func ZonesAt(offset int, at time.Time, usual *time.Location) (fit []string) {
	zones := commonZones
	if !slices.Contains(zones, usual.String()) {
		zones = append([]string{usual.String()}, zones...)
	}
	for _, name := range zones {
		z, err := time.LoadLocation(name)
		if err != nil {
			continue
		}
		if _, o := at.In(z).Zone(); o == offset {
			fit = append(fit, name)
		}
	}
	return fit
}
