// Package official checks requests against the platforms' own descriptions of their APIs, and makes up what these may
// send. It is for tests. The descriptions are not part of the project: API_DESCRIPTIONS names their folder, and without
// it nothing is checked.
//
// The folder has telegram.json.gz (methods and types of the Bot API), discord.json.gz (OpenAPI), interaction.json.gz
// and gateway.json.gz (JSON Schema).
package official

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Description is one file of the folder.
type Description struct {
	name     string
	document map[string]any

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema // by the place of the schema
}

var (
	mu     sync.Mutex
	loaded = map[string]*Description{} // by path
)

// Load returns the description with this name, such as "discord"; nil where API_DESCRIPTIONS is not set.
func Load(tb testing.TB, name string) *Description {
	tb.Helper()
	folder := os.Getenv("API_DESCRIPTIONS")
	if folder == "" {
		return nil
	}
	mu.Lock()
	defer mu.Unlock()
	path := filepath.Join(folder, name+".json.gz")
	if d := loaded[path]; d != nil {
		return d
	}
	d, err := read(path, name)
	if err != nil {
		tb.Fatal(err)
	}
	loaded[path] = d
	return d
}

// Need is Load for a test that is skipped without descriptions.
func Need(tb testing.TB, name string) *Description {
	tb.Helper()
	d := Load(tb, name)
	if d == nil {
		tb.Skip("API_DESCRIPTIONS names no folder of descriptions")
	}
	return d
}

func read(path, name string) (*Description, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(unzipped)
	if err != nil {
		return nil, err
	}
	d := &Description{name: name, compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	d.document, _ = document.(map[string]any)
	if name == "telegram" {
		d.document = botAPI(d.document)
	}
	return d, d.compiler.AddResource(d.address(""), d.document)
}

// address is that of a place, which is the same in whatever folder the test is.
func (d *Description) address(place string) string {
	where := url.URL{Scheme: "official", Path: "/" + d.name + ".json", Fragment: place}
	return where.String()
}

// Check returns what is wrong with a value by the schema at a place, such as "/definitions/Update". The value is of the
// types that json.Unmarshal makes.
func (d *Description) Check(place string, value any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema := d.compiled[place]
	if schema == nil {
		var err error
		if schema, err = d.compiler.Compile(d.address(place)); err != nil {
			return err
		}
		d.compiled[place] = schema
	}
	return schema.Validate(value)
}

// checkJSON is Check for a value in JSON.
func (d *Description) checkJSON(place string, data []byte) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	return d.Check(place, value)
}

// at returns the schema that a reference such as "#/definitions/Update" means.
func (d *Description) at(reference string) map[string]any {
	place, err := url.PathUnescape(strings.TrimPrefix(reference, "#/"))
	if err != nil {
		panic(err)
	}
	var found any = d.document
	for name := range strings.SplitSeq(place, "/") {
		parent, _ := found.(map[string]any)
		found = parent[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	schema, ok := found.(map[string]any)
	if !ok {
		panic(fmt.Sprintf("%s.json has no %s", d.name, reference))
	}
	return schema
}

// plain returns the value with the types of json.Unmarshal.
func plain(value any) (out any, err error) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	return out, err
}
