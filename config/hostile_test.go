package config_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"friendlyfire/config"
)

// A hostile configuration is refused with one clear mistake. It takes little time, stack and memory, however deep or
// large it is.
func TestS24HostileConfig(t *testing.T) {
	const deep = 100_000
	repeat := strings.Repeat
	lines := func(line string) string { return repeat(line+"\n", 250_000/(len(line)+1)) }
	for name, c := range map[string]struct{ text, want string }{
		"nested lists":          {"x = " + repeat("[", deep), "nested"},
		"closed lists":          {"x = " + repeat("[", deep) + repeat("]", deep), "nested"},
		"lists a little nested": {"x = " + repeat("[", 5000) + repeat("]", 5000), "nested"},
		"nested tables":         {"x = " + repeat("{a=", deep/2), "nested"},
		"closed tables":         {"x = " + repeat("{a=", 9000) + "1" + repeat("}", 9000), "nested"},
		"lists in tables":       {"x = " + repeat("{a=[", 20_000), "nested"},
		"a dotted key":          {repeat("a.", deep) + "a = 1", "nested"},
		"a dotted section":      {"[" + repeat("a.", deep) + "a]", "nested"},
		"a dotted list":         {"[[" + repeat("a.", deep) + "a]]", "nested"},
		"sections in sections":  {lines("[a.b.c.d.e]\nf.g.h.i = 1"), "more than"},
		"a long key":            {repeat("a", deep) + " = 1", "too long"},
		"a long section":        {"[" + repeat("a", 100_000) + "]\n" + repeat("b = 1\n", 20_000), "too long"},
		"a long list":           {"friendly = [" + repeat("1,", deep) + "]", "more than"},
		"many sources":          {repeat("[[source]]\n", 23_000), "more than"},
		"many keys":             {keys(24_000), "more than"},
		"many mistakes":         {lines("a = 1"), "more than"},
		"too large":             {lines("# nothing") + lines("# nothing"), "larger than"},
		"a large file":          {repeat("# nothing\n", 1_000_000), "larger than"},
		"a large text":          {"x = \"" + repeat("x", 1_000_000) + "\"", "larger than"},
		"an open text":          {"x = '''" + repeat("x", 200_000), "is no TOML"},
	} {
		t.Run(name, func(t *testing.T) {
			file := writeFile(t, c.text+"\n"+goodConfig, 0o600)
			c.text = ""
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			_, err := config.Loader{File: file, Sections: sections}.Load(config.ToAsk)
			runtime.ReadMemStats(&after)
			wrong, ok := errors.AsType[*config.Error](err)
			if !ok || !strings.Contains(wrong.Mistakes[0].Text, c.want) || len(wrong.Error()) > 10<<20 {
				t.Fatalf("error %.300v, want %q", err, c.want)
			}
			const most = 48 << 20 // leaves the program 16 MiB
			if took := after.TotalAlloc - before.TotalAlloc; took > most {
				t.Errorf("%d MiB were allocated, want at most %d", took>>20, most>>20)
			}
			t.Attr("reached", wrong.Mistakes[0].Text)
		})
	}
}

// keys returns lines with so many keys.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k")
		b.WriteString(strings.Repeat("x", i%5))
		b.WriteByte(byte('a' + i/5%26))
		b.WriteByte(byte('a' + i/130%26))
		b.WriteByte(byte('a' + i/3380%26))
		b.WriteString("=1\n")
	}
	return b.String()
}
