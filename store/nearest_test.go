package store

import "testing"

func TestAMisspeltCountryIsFound(t *testing.T) {
	for typed, want := range map[string]Country{
		"belgum": "BE", "Belgiuum": "BE", "BELGIUN": "BE", "germny": "DE", "Untied States": "US", "netherland": "NL", "Swizerland": "CH",
		"": "", "BE": "", "xy": "", "sshd": "", "postfix": "", "203.0.113.0/24": "", "AS5432": "",
	} {
		if got, ok := CountryLike(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got, ok, want)
		}
	}
}
