package charts

import (
	"slices"
	"strings"
	"testing"
)

func TestPrintableDropsWhatTheTypefaceLacks(t *testing.T) {
	for in, want := range map[string]string{
		"Türkiye":                       "Türkiye",
		"Москва Αθήνα":                  "Москва Αθήνα",
		"日本":                            "??",
		"\u202eabc\u2066\u200b":         "abc",
		"a\x00b\x1b[31m":                "ab[31m",
		"two\r\nlines":                  "two  lines",
		"\xffbroken":                    "?broken",
		"<b>&amp;":                      "<b>&amp;",
		"1\u202f003":                    "1\u202f003",
		"e\u0301":                       "e",
		strings.Repeat("x", maxChars+1): strings.Repeat("x", maxChars) + ellipsis,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%.40q) is %.40q, want %.40q", in, got, want)
		}
	}
}

func TestFitCutsAtTheLimitAndNotBefore(t *testing.T) {
	long := strings.Repeat("Wide & <narrow> ", 20)
	for limit := 40; limit < 900; limit += 37 {
		got := fit(long, textSize, limit)
		if w := textWidth(got, textSize); w > limit || w < limit-2*textWidth("W", textSize) {
			t.Errorf("%q is %d pixels wide, want nearly %d", got, w, limit)
		}
	}
	if got := fit("short", textSize, 200); got != "short" {
		t.Errorf("got %q, want it whole", got)
	}
}

func TestWrapFillsTwoLines(t *testing.T) {
	lines := wrap(strings.Repeat("some words ", 40), textSize, 600, 2)
	if len(lines) != 2 || !strings.HasSuffix(lines[1], ellipsis) {
		t.Fatalf("got %q, want two lines, the last one cut", lines)
	}
	for _, line := range lines {
		if w := textWidth(line, textSize); w > 600 || w < 450 {
			t.Errorf("%q is %d pixels wide", line, w)
		}
	}
}

func TestMarkupIsMeasuredAsItIsRead(t *testing.T) {
	svg, err := BarChart{Bars: []Bar{{Label: "A&B <i>", Value: 1}, {Label: "x", Value: 1}}}.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(svg), ">A&amp;B &lt;i&gt;</text>") {
		t.Error("the label is not escaped once")
	}
	other, err := BarChart{Bars: []Bar{{Label: "A&amp;B", Value: 1}, {Label: "x", Value: 1}}}.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(other), ">A&amp;amp;B</text>") {
		t.Error("a label that looks escaped is not printed as it is")
	}
}

// A subtitle of two lines is broken between its parts, so that no word stands alone in the second.
func TestASubtitleIsBrokenBetweenItsParts(t *testing.T) {
	for subtitle, want := range map[string][]string{
		"30 days": {"30 days"},
		"Sat 22 Nov 2025 to Sun 22 Nov 2026 · 203 countries · 145 of friends · 6 of unknown country": {
			"Sat 22 Nov 2025 to Sun 22 Nov 2026 · 203 countries · 145 of friends", "6 of unknown country",
		},
		"one\ntwo · three": {"one", "two · three"},
		"30 days · " + strings.Repeat("a part that is longer than a line ", 3): {
			"30 days · a part that is longer than a line a part that is longer than a line a part that is", "longer than a line",
		},
	} {
		if got := (Head{Title: "Bans", Subtitle: subtitle}).lay().subtitle; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
