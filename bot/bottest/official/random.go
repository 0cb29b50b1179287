package official

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// Random makes up values by a description.
type Random struct {
	*rand.Rand
	Description *Description
	Strings     []string // that a text may be
	Numbers     []int64  // that a number may be

	// Named are the texts that fields with these names have, where others cannot be read.
	Named map[string]string
}

// deepest is the depth at which only what is required is made up.
const deepest = 9

// Value makes up a value by the schema at a place, such as "/definitions/Update".
func (r *Random) Value(place string) any {
	value, err := plain(r.value(object{"$ref": "#" + place}, 0))
	if err != nil {
		panic(err)
	}
	return value
}

func (r *Random) value(schema object, depth int) any {
	if depth > 3*deepest {
		return nil // a type that requires itself
	}
	if reference, ok := schema["$ref"].(string); ok {
		return r.value(r.Description.at(reference), depth)
	}
	if fixed, ok := schema["const"]; ok {
		return fixed
	}
	if choices, ok := schema["enum"].([]any); ok && len(choices) > 0 {
		return choices[r.IntN(len(choices))]
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if choices, ok := schema[key].([]any); ok {
			return r.merged(r.value(choices[r.IntN(len(choices))].(object), depth+1), schema, depth)
		}
	}
	if parts, ok := schema["allOf"].([]any); ok {
		all := object{}
		for _, part := range parts {
			if o, ok := r.value(part.(object), depth+1).(object); ok {
				maps.Copy(all, o)
			}
		}
		return r.merged(all, schema, depth)
	}
	kind := schema["type"]
	if kinds, ok := kind.([]any); ok {
		kind = kinds[r.IntN(len(kinds))]
	}
	switch kind {
	case "null":
		return nil
	case "boolean":
		return r.IntN(2) == 0
	case "integer", "number":
		return r.Numbers[r.IntN(len(r.Numbers))]
	case "string":
		return r.Strings[r.IntN(len(r.Strings))]
	case "array":
		return r.list(schema, depth)
	}
	return r.fields(schema, depth)
}

// merged adds the fields that a schema has itself to a value of one of its parts.
func (r *Random) merged(value any, schema object, depth int) any {
	o, ok := value.(object)
	if _, more := schema["properties"]; !ok || !more {
		return value
	}
	own := r.fields(schema, depth)
	maps.Copy(own, o)
	return own
}

func (r *Random) list(schema object, depth int) []any {
	items, _ := schema["items"].(object)
	n := r.IntN(3)
	if depth > deepest || items == nil {
		n = 0
	}
	if least, ok := schema["minItems"].(json.Number); ok {
		if k, err := least.Int64(); err == nil {
			n = max(n, int(k))
		}
	}
	list := make([]any, n)
	for i := range list {
		list[i] = r.value(items, depth+1)
	}
	return list
}

func (r *Random) fields(schema object, depth int) object {
	properties, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	made := object{}
	for _, name := range slices.Sorted(maps.Keys(properties)) { // in order, so that a seed repeats it
		p, ok := properties[name].(object)
		needed := slices.Contains(required, any(name))
		if ok && (needed || depth <= deepest && r.IntN(2+2*depth) == 0) {
			made[name] = r.value(p, depth+1)
			if text, ok := r.Named[name]; ok {
				made[name] = text
			}
		}
	}
	if more, ok := schema["additionalProperties"].(object); ok && depth <= deepest {
		made[fmt.Sprint(r.Numbers[r.IntN(len(r.Numbers))])] = r.value(more, depth+1)
	}
	return made
}
