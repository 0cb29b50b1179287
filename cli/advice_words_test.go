package cli

import (
	"bufio"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"friendlyfire/app"
)

const (
	called = "friendlyfire "
	open   = "X" // stands for what a text leaves open
)

// byShell is how a command line begins.
var byShell = regexp.MustCompile(`^(?:sudo (?:-u \S+ )?)?` + called)

// advisedIn collects the commands that a person may copy: from Go's texts those that asTyped would find, and any
// command in backticks; from Markdown those of code blocks and in backticks.
func advisedIn(t *testing.T) (all map[string][]string) {
	t.Helper()
	all = map[string][]string{}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && e.Name() != ".."):
			return cmpOr(err, e)
		case strings.HasSuffix(path, "_test.go") || e.IsDir():
		case filepath.Ext(path) == ".go":
			for _, text := range goTexts(t, path) {
				all[path] = append(all[path], commandsIn(text)...)
			}
		case filepath.Ext(path) == ".md":
			all[path] = markdownCommands(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func cmpOr(err error, e fs.DirEntry) error {
	if err == nil && e.IsDir() {
		return fs.SkipDir
	}
	return err
}

// goTexts are the string constants of a file, joined where they are added up, with open for what is not constant.
func goTexts(t *testing.T, path string) (texts []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if text, ok := textOf(n); ok {
				texts = append(texts, text)
				return false
			}
		case *ast.BasicLit:
			if text, ok := textOf(n); ok {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

func textOf(n ast.Expr) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return text, n.Kind == token.STRING && err == nil
	case *ast.ParenExpr:
		return textOf(n.X)
	case *ast.BinaryExpr:
		a, okA := textOf(n.X)
		b, okB := textOf(n.Y)
		if n.Op != token.ADD || !okA && !okB {
			return "", false
		}
		return a + b, true
	}
	return open, false
}

var inBackticks = regexp.MustCompile("`((?:sudo (?:-u \\S+ )?)?friendlyfire (?:--?)?[a-z][^`\n]*)`")

// commandsIn are the commands of friendlyfire in a text: as asTyped finds them, and whatever stands in backticks.
func commandsIn(text string) (lines []string) {
	text = regexp.MustCompile(`%\[?\d*\]?[sdqv]`).ReplaceAllString(text, open)
	for _, m := range advice.FindAllStringSubmatch(text, -1) {
		lines = append(lines, called+m[3]+m[4])
	}
	for _, m := range inBackticks.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

func markdownCommands(t *testing.T, path string) (lines []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shell, whole := false, ""
	for in := bufio.NewScanner(f); in.Scan(); {
		line := strings.TrimSpace(in.Text())
		switch {
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		case shell:
			whole += strings.TrimSuffix(line, "\\")
			if strings.HasSuffix(line, "\\") {
				continue
			}
			line, _, _ = strings.Cut(whole, " #")
			whole = ""
			if byShell.MatchString(line) {
				lines = append(lines, line)
			}
		default:
			for _, m := range inBackticks.FindAllStringSubmatch(line, -1) {
				lines = append(lines, m[1])
			}
		}
	}
	return lines
}

// parses reports whether the program understands the command line: command, flags, and how many arguments.
func parses(line string) error {
	line = byShell.ReplaceAllString(line, "")
	if end := strings.IndexAny(line, "&|<>;"); end >= 0 {
		line = line[:end]
	}
	args := strings.Fields(strings.NewReplacer("'", "", `"`, "", "(", "", ")", "").Replace(line))
	root := commands(&app.Env{})
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd == root && !strings.HasPrefix(args[0], "-") {
		return errors.New("no such command")
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	rest = cmd.Flags().Args()
	for i, arg := range rest {
		if arg == open && len(cmd.ValidArgs) > 0 {
			rest[i] = cmd.ValidArgs[0]
		}
	}
	return cmd.ValidateArgs(rest)
}

// Every command of friendlyfire that a text of the program or a document tells a person to type is one that the program
// understands: names, flags and arguments.
func TestEveryAdviceIsACommand(t *testing.T) {
	n := 0
	for path, lines := range advisedIn(t) {
		for _, line := range lines {
			n++
			if err := parses(line); err != nil {
				t.Errorf("%s: %q: %v", path, line, err)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d commands were found", n)
	}
	t.Logf("%d commands", n)
}

// asTyped knows all commands that read a configuration.
func TestAdviceKnowsEveryCommand(t *testing.T) {
	for _, c := range commands(&app.Env{}).Commands() {
		if line := ": friendlyfire " + c.Name(); c.Name() != "version" && len(commandsIn(line)) == 0 {
			t.Errorf("an advice of %s is not found", c.Name())
		}
	}
}
