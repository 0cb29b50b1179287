package evidence

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzRead(f *testing.F) {
	for _, form := range forms(f) {
		f.Add(form.line)
		f.Add(strings.Replace(form.line, "anna", strings.Repeat("x", 10<<10), 1))
		f.Add(strings.Replace(form.line, "anna", "\x1b[2J\u202e\x00", 1))
		f.Add(form.line + "\n" + strings.Replace(form.line, "15:01:12", "15:01:02", 1))
		f.Add(form.line[:len(form.line)/2])
	}
	f.Add("Nov 28 15:01:12 web1 sshd[1]: message repeated 99999999999999999999 times: [ Failed password for a from b]")
	f.Fuzz(func(t *testing.T, matches string) {
		e := Read(matches)
		v := Judge(e, Context{Failures: 5, Earlier: []Evidence{e}, Network: Hosting})
		if len(v.Reasons) == 0 {
			t.Fatalf("%s without a reason", v.Who)
		}
		if e.Unknown > e.Lines || e.Lines > maxLines || len(e.Names) > maxNames || e.Attempts > maxLines*maxCount*maxCount {
			t.Fatalf("out of bounds: %+v", e)
		}
		sum := 0
		for _, n := range e.Names {
			sum += n.Attempts
			checkText(t, n.Text)
		}
		if sum > e.Attempts {
			t.Fatalf("%d attempts under names, of %d: %+v", sum, e.Attempts, e)
		}
		for _, g := range e.Gaps {
			if g < 0 {
				t.Fatalf("gap %v", g)
			}
		}
		for _, texts := range [][]string{e.Services, e.Methods, e.Accepted, e.Jails, e.Marks} {
			for _, s := range texts {
				checkText(t, s)
			}
		}
	})
}

func checkText(t *testing.T, s string) {
	t.Helper()
	if s == "" || utf8.RuneCountInString(s) > nameChars || !utf8.ValidString(s) {
		t.Fatalf("text %q", s)
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) && r != ' ' {
			t.Fatalf("text %q has %U", s, r)
		}
	}
}
