package enrich

import (
	"slices"
	"testing"

	"friendlyfire/store"
)

func TestSystemsThatTheTableDoesNotKnowAreFound(t *testing.T) {
	table := builtInTable(t)
	for _, test := range []struct{ ask, want []store.ASN }{
		{nil, nil}, {[]store.ASN{5432}, nil}, {[]store.ASN{5432, 64999, 3265, 64998}, []store.ASN{64999, 64998}},
	} {
		if got := table.Missing(test.ask); !slices.Equal(got, test.want) {
			t.Errorf("of %v: %v, want %v", test.ask, got, test.want)
		}
	}
}
