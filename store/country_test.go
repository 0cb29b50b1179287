package store

import "testing"

func TestParseCountry(t *testing.T) {
	tests := map[string]Country{
		"BE": "BE", "be": "BE", "UK": "GB", "uk": "GB", "GB": "GB", "TW": "TW",
		"": "", "EU": "", "ZZ": "", "AP": "", "XK": "", "AN": "", "B": "", "BEL": "", "US<b>": "", "ＢＥ": "",
	}
	for in, want := range tests {
		if got, ok := ParseCountry(in); got != want || ok != (want != "") {
			t.Errorf("ParseCountry(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestCountryNamesAndFlags(t *testing.T) {
	tests := map[Country][2]string{
		"MK": {"North Macedonia", "🇲🇰"}, "SZ": {"Eswatini", "🇸🇿"}, "TR": {"Türkiye", "🇹🇷"},
		"CZ": {"Czechia", "🇨🇿"},
		"TW": {"Taiwan", "🇹🇼"}, "HK": {"Hong Kong", "🇭🇰"}, "BE": {"Belgium", "🇧🇪"},
		"": {"Unknown", ""}, "Q<": {"Q<", ""},
	}
	for c, want := range tests {
		if got := [2]string{c.Name(), c.Flag()}; got != want {
			t.Errorf("%q: %v, want %v", c, got, want)
		}
	}
	if len(names) != 249 {
		t.Errorf("%d countries, ISO 3166-1 has 249", len(names))
	}
}
