package store

import (
	"net/netip"
	"testing"
)

func TestFriendsHas(t *testing.T) {
	f := Friends{
		Countries: []Country{"BE", "NL"},
		Networks: []netip.Prefix{
			netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32"),
			netip.MustParsePrefix("::ffff:192.0.2.0/120"),
		},
	}
	tests := map[string]struct {
		address   string
		countries []Country
		want      bool
	}{
		"country":                    {"198.51.100.1", []Country{"BE"}, true},
		"either country":             {"198.51.100.1", []Country{"CN", "NL"}, true},
		"no friend":                  {"198.51.100.1", []Country{"CN", ""}, false},
		"nothing known":              {"198.51.100.1", nil, false},
		"network":                    {"203.0.113.7", []Country{"CN"}, true},
		"network, IPv6":              {"2001:db8:1::1", nil, true},
		"network, mapped":            {"::ffff:203.0.113.7", nil, true},
		"network written mapped":     {"192.0.2.1", nil, true},
		"beside the network":         {"203.0.114.1", nil, false},
		"banned network inside":      {"203.0.113.64/26", nil, true},
		"banned network around":      {"203.0.0.0/16", nil, true},
		"banned network, host bits":  {"203.0.113.9/24", nil, true},
		"banned network elsewhere":   {"198.51.100.0/24", nil, false},
		"a host name":                {"evil.example.org", nil, false},
		"a host name of the country": {"evil.example.org", []Country{"BE"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := f.Has(tt.address, tt.countries...); got != tt.want {
				t.Errorf("Has(%q, %v) = %v", tt.address, tt.countries, got)
			}
		})
	}
	if (Friends{}).Has("203.0.113.7", "") {
		t.Error("nobody is friendly, unknown is")
	}
}

func TestSetFriendsMarksWhatIsKnown(t *testing.T) {
	s := placed(t, map[string]Country{"198.51.100.1": "BE", "198.51.100.2": "CN", "203.0.113.7": ""})
	steps := []struct {
		friends Friends
		want    []string
	}{
		{Friends{}, nil},
		{Friends{Countries: []Country{"BE"}}, []string{"198.51.100.1"}},
		{
			Friends{Countries: []Country{"CN"}, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
			[]string{"198.51.100.2", "203.0.113.7"},
		},
		{Friends{Countries: []Country{"NL"}}, nil},
	}
	for _, step := range steps {
		if err := s.SetFriends(t.Context(), step.friends); err != nil {
			t.Fatal(err)
		}
		all, err := s.FriendlyBans(t.Context(), Window{}, 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, g := range all {
			got[g.Address] = true
		}
		if len(got) != len(step.want) {
			t.Errorf("%+v: friendly are %v, want %v", step.friends, got, step.want)
		}
		for _, a := range step.want {
			if !got[a] {
				t.Errorf("%+v: %s is no friend", step.friends, a)
			}
		}
	}
}
