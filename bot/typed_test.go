package bot

import (
	"testing"
	"testing/synctest"
)

// A country is no word of any command, and nearly everybody's first guess: what is meant is said, and what can be
// asked.
func TestACountryThatIsTypedIsUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for text, want := range map[string]string{
			"/report belgum":           "I do not know “belgum”. Did you mean Belgium? I cannot ask for one country.",
			"/report Belgium":          "I do not know “Belgium”. I cannot ask for one country. /report country counts by all of them, Belgium (BE) among",
			"/report be":               "I do not know “be”. I cannot ask for one country. /report country counts by all of them, Belgium (BE) among",
			"/friends 7d belgiuum":     "Did you mean Belgium? I cannot",
			"/report untied states":    "I do not know “untied states”. Did you mean United States?",
			"/report 7d united states": "I do not know “united states”. I cannot ask for one country. /report country",
			"/report contry":           "Did you mean country?",
			"/report jial":             "Did you mean jail?",
			"/report xyzzy":            "I do not know “xyzzy”. I know country, ",
		} {
			has(t, d.types(ann, text), want)
		}
	})
}
