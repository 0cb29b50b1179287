package cli

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"friendlyfire/app"
	"friendlyfire/config"
)

var manFile = flag.String("man", "", "write the manual page to this file")

const manTemplate = "../deploy/man/friendlyfire.1.tmpl"

// manPage is the manual page: the prose of the template, and the program's own description of its commands. It is made
// in a test, so that the program does not need it.
func manPage(date time.Time) (string, error) {
	root := commands(&app.Env{})
	root.InitDefaultCompletionCmd()
	var leaves []*cobra.Command
	var walk func(*cobra.Command)
	walk = func(parent *cobra.Command) {
		for _, c := range parent.Commands() {
			switch {
			case !c.IsAvailableCommand():
			case c.HasAvailableSubCommands():
				walk(c)
			default:
				leaves = append(leaves, c)
			}
		}
	}
	walk(root)

	var page strings.Builder
	err := template.Must(template.New(filepath.Base(manTemplate)).Funcs(template.FuncMap{
		"roff": roff, "text": manText, "flag": manFlag, "usage": manUsage,
		"flags": func(c *cobra.Command) []*pflag.Flag { return manFlags(c.NonInheritedFlags()) },
	}).ParseFiles(manTemplate)).Execute(&page, map[string]any{
		"Date": date.UTC().Format(time.DateOnly), "Global": manFlags(root.PersistentFlags()), "Commands": leaves,
	})
	return page.String(), err
}

// manFlags are the visible flags, in order.
func manFlags(set *pflag.FlagSet) (all []*pflag.Flag) {
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			all = append(all, f)
		}
	})
	return all
}

func manFlag(f *pflag.Flag) string {
	text := `\fB` + roff("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		text = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + text
	}
	if value, _ := pflag.UnquoteUsage(f); value != "" {
		text += ` \fI` + roff(value) + `\fR`
	}
	return text
}

func manUsage(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
		usage += " (default " + f.DefValue + ")"
	}
	return roff(usage)
}

// manText says what a command does. Indented lines are examples and stay as they are.
func manText(c *cobra.Command) string {
	text := c.Short + "."
	if c.Long != "" && c.Parent().Name() != "completion" { // whose long texts are all alike
		text = strings.TrimSpace(c.Long)
	}
	if c.Example != "" {
		text += "\n\n" + c.Example
	}
	var out []string
	literal := false
	for line := range strings.SplitSeq(text, "\n") {
		indented := strings.TrimLeft(line, " \t") != line
		switch {
		case strings.TrimSpace(line) == "":
			if !literal && out[len(out)-1] != ".PP" {
				out = append(out, ".PP")
			}
			continue
		case indented && !literal:
			out = append(out, ".RS", ".nf")
		case !indented && literal:
			out = append(out, ".fi", ".RE", ".PP")
		}
		literal = indented
		out = append(out, roff(strings.TrimSpace(line)))
	}
	if literal {
		out = append(out, ".fi", ".RE")
	}
	return strings.Join(out, "\n")
}

// roff escapes what would be markup.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// The page has every command, flag, exit code and variable.
func TestManPageIsComplete(t *testing.T) {
	date := time.Now()
	if epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		date = time.Unix(epoch, 0)
	}
	page, err := manPage(date)
	if err != nil {
		t.Fatal(err)
	}
	if *manFile != "" {
		if err := os.WriteFile(*manFile, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"friendlyfire completion bash"}
	for _, c := range commands(&app.Env{}).Commands() {
		if !c.Hidden && !c.HasSubCommands() {
			want = append(want, c.UseLine())
		}
		for _, f := range manFlags(c.LocalFlags()) {
			want = append(want, "--"+f.Name)
		}
	}
	if len(want) < 10 {
		t.Errorf("found only %q to look for", want)
	}
	for _, code := range []int{exitDone, exitFailed, exitUsage, exitConfig} {
		want = append(want, fmt.Sprintf(".B %d\n", code))
	}
	want = append(want, variables(t)...)
	for _, w := range want {
		if !strings.Contains(page, w) && !strings.Contains(page, roff(w)) {
			t.Errorf("%q is not in the page", w)
		}
	}
}

// variables are the names of the program's own environment variables.
func variables(t *testing.T) (all []string) {
	t.Helper()
	for _, platform := range app.PairNames() {
		all = append(all, config.TokenVariable(platform))
	}
	name := regexp.MustCompile(`"(FRIENDLYFIRE_[A-Z_]+)"`)
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range name.FindAllSubmatch(text, -1) {
			all = append(all, string(m[1]))
		}
		return err
	})
	if err != nil || len(all) < 3 {
		t.Fatalf("found %q, %v", all, err)
	}
	return all
}
