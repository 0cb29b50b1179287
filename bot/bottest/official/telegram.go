package official

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

type object = map[string]any

// botAPI turns Telegram's description into JSON Schema: an object for each type, and for the parameters of each method.
// Fields that are not described are faults.
func botAPI(description object) object {
	definitions, methods := object{}, object{}
	for name, t := range description["types"].(object) {
		definitions[name] = describe(t.(object))
	}
	for name, m := range description["methods"].(object) {
		methods[name] = describe(m.(object))
	}
	return object{"definitions": definitions, "methods": methods}
}

func describe(t object) object {
	if subtypes, ok := t["subtypes"].([]any); ok && len(subtypes) > 0 {
		return anyOf(subtypes)
	}
	properties, required := object{}, []any{}
	fields, _ := t["fields"].([]any)
	for _, field := range fields {
		f := field.(object)
		properties[f["name"].(string)] = anyOf(f["types"].([]any))
		if f["required"] == true {
			required = append(required, f["name"])
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func anyOf(names []any) object {
	var schemas []any
	for _, name := range names {
		schemas = append(schemas, typeNamed(name.(string)))
	}
	if len(schemas) == 1 {
		return schemas[0].(object)
	}
	return object{"anyOf": schemas}
}

func typeNamed(name string) object {
	if of, ok := strings.CutPrefix(name, "Array of "); ok {
		return object{"type": "array", "items": typeNamed(of)}
	}
	switch name {
	case "Integer", "Boolean", "String":
		return object{"type": strings.ToLower(name)}
	case "Float":
		return object{"type": "number"}
	case "InputFile":
		return object{"type": "string"} // the test of a form sees the name of the part
	}
	return object{"$ref": "#/definitions/" + name}
}

// leftOut are methods of the Bot API that a description cut down to the most usual ones may lack.
var leftOut = []string{"sendChatAction", "editMessageMedia", "editMessageReplyMarkup"}

// CheckMethod returns what is wrong with a call of a method of the Bot API. In a form all parameters are text: numbers,
// booleans, lists and objects are written as JSON. Files are the names of the parts that are files.
func (d *Description) CheckMethod(method string, params map[string]string, files ...string) error {
	methods := d.document["methods"].(object)
	described, ok := methods[method].(object)
	switch {
	case !ok && slices.Contains(leftOut, method):
		return nil
	case !ok:
		return fmt.Errorf("%s is no method that the description has", method)
	}
	call := object{}
	for name, text := range params {
		call[name] = text
		if schema, ok := described["properties"].(object)[name].(object); ok && schema["type"] != "string" {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
			if err != nil {
				return fmt.Errorf("%s: %s is not JSON: %w", method, name, err)
			}
			call[name] = value
		}
	}
	for _, name := range files {
		call[name] = "attached"
	}
	if err := d.Check("/methods/"+method, call); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// CheckFrame returns what is wrong with a frame that a bot sends to Discord's gateway. No description has these: the
// fields are those of https://discord.com/developers/docs/events/gateway-events#send-events
func CheckFrame(op int, data []byte) error {
	fields := map[int][]string{
		2: {"token", "properties", "compress", "large_threshold", "shard", "presence", "intents"},
		6: {"token", "session_id", "seq"},
	}
	required := map[int][]string{2: {"token", "properties", "intents"}, 6: {"token", "session_id", "seq"}}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	if op == 1 {
		if n, ok := value.(float64); value != nil && (!ok || n < 0 || n != float64(int64(n))) {
			return fmt.Errorf("a heartbeat with %s", data)
		}
		return nil
	}
	sent, ok := value.(object)
	if !ok || fields[op] == nil {
		return fmt.Errorf("no such frame: op %d, %s", op, data)
	}
	for name := range sent {
		if !slices.Contains(fields[op], name) {
			return fmt.Errorf("op %d has no field %s", op, name)
		}
	}
	for _, name := range required[op] {
		if sent[name] == nil {
			return fmt.Errorf("op %d without %s", op, name)
		}
	}
	return nil
}
