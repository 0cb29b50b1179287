package official

import (
	"compress/gzip"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small are descriptions in the form of the official ones, of one request each.
var small = map[string]string{
	"telegram": `{"methods": {"sendMessage": {"fields": [
			{"name": "chat_id", "types": ["Integer", "String"], "required": true},
			{"name": "text", "types": ["String"], "required": true},
			{"name": "entities", "types": ["Array of MessageEntity"], "required": false}]}},
		"types": {"MessageEntity": {"fields": [{"name": "offset", "types": ["Integer"], "required": true}]}}}`,
	"discord": `{"paths": {"/channels/{id}/messages": {"post": {"requestBody": {"content": {"application/json":
		{"schema": {"$ref": "#/components/schemas/Message"}}}}}}},
		"components": {"schemas": {"Message": {"type": "object", "properties": {"content":
		{"type": "string", "maxLength": 5}}}}}}`,
}

func TestFaultsAreFound(t *testing.T) {
	folder := t.TempDir()
	for name, text := range small {
		file, err := os.Create(filepath.Join(folder, name+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		zipped := gzip.NewWriter(file)
		if _, err := zipped.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := zipped.Close(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("API_DESCRIPTIONS", folder)
	telegram, discord := Need(t, "telegram"), Need(t, "discord")
	for _, tc := range []struct {
		wrong  string // a part of the error, "": none
		method string
		params map[string]string
	}{
		{"", "sendMessage", map[string]string{"chat_id": "-1001", "text": "x", "entities": `[{"offset":0}]`}},
		{"", "sendMessage", map[string]string{"chat_id": `"@name"`, "text": "1"}},
		{"missing property 'text'", "sendMessage", map[string]string{"chat_id": "1"}},
		{"'txt' not allowed", "sendMessage", map[string]string{"chat_id": "1", "text": "x", "txt": "x"}},
		{"not JSON", "sendMessage", map[string]string{"chat_id": "1", "text": "x", "entities": "x"}},
		{"missing property 'offset'", "sendMessage", map[string]string{"chat_id": "1", "text": "x", "entities": "[{}]"}},
		{"no method", "sendMassage", nil},
	} {
		if err := telegram.CheckMethod(tc.method, tc.params); !says(err, tc.wrong) {
			t.Errorf("%s %v: %v, want %q", tc.method, tc.params, err, tc.wrong)
		}
	}
	for _, tc := range []struct{ wrong, method, path, kind, body string }{
		{"", "POST", "/channels/1/messages", "application/json", `{"content":"12345"}`},
		{"maxLength", "POST", "/channels/1/messages", "application/json", `{"content":"123456"}`},
		{"got null", "POST", "/channels/1/messages", "application/json", `{"content":null}`},
		{"of kind text/plain", "POST", "/channels/1/messages", "text/plain", `{}`},
		{"has no PUT", "PUT", "/channels/1/messages", "application/json", `{}`},
		{"has no POST", "POST", "/channels/messages", "application/json", `{}`},
	} {
		header := http.Header{"Content-Type": {tc.kind}}
		if err := discord.CheckRequest(tc.method, tc.path, header, []byte(tc.body)); !says(err, tc.wrong) {
			t.Errorf("%s %s %s: %v, want %q", tc.method, tc.path, tc.body, err, tc.wrong)
		}
	}
	for _, tc := range []struct {
		wrong string
		op    int
		data  string
	}{
		{"", 1, "null"},
		{"", 1, "7"},
		{"heartbeat", 1, `"7"`},
		{"no such frame", 5, "{}"},
		{"", 6, `{"token":"x","session_id":"y","seq":0}`},
		{"without seq", 6, `{"token":"x","session_id":"y"}`},
		{"no field color", 2, `{"token":"x","properties":{},"intents":0,"color":1}`},
	} {
		if err := CheckFrame(tc.op, []byte(tc.data)); !says(err, tc.wrong) {
			t.Errorf("op %d %s: %v, want %q", tc.op, tc.data, err, tc.wrong)
		}
	}
}

func says(err error, wrong string) bool {
	return err == nil && wrong == "" || err != nil && wrong != "" && strings.Contains(err.Error(), wrong)
}
