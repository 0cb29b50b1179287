package official

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
)

var filePart = regexp.MustCompile(`^files\[[0-9]\]$`)

// CheckRequest returns what is wrong with a request to Discord's REST API. The path is without /api/v10.
func (d *Description) CheckRequest(method, path string, header http.Header, body []byte) error {
	operation, place, err := d.operation(method, path)
	if err != nil && leftOutRequests.MatchString(method+" "+path) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, takes := operation["requestBody"].(object); !takes {
		if len(body) != 0 {
			return fmt.Errorf("%s %s takes no body", method, path)
		}
		return nil
	}
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if kind == "multipart/form-data" {
		if body, err = payload(multipart.NewReader(bytes.NewReader(body), params["boundary"])); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	} else if kind != "application/json" {
		return fmt.Errorf("%s %s: a body of kind %s", method, path, kind)
	}
	if err := d.checkJSON(place+"/requestBody/content/application~1json/schema", body); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", method, path, err, body)
	}
	return nil
}

// leftOutRequests matches requests that a description cut down to the most usual ones may lack: those that change a
// message, and those that answer an interaction once more.
var leftOutRequests = regexp.MustCompile(`^(PATCH /channels/\d+/messages/\d+|POST /webhooks/\d+/[^/]+)$`)

// operation returns the description of the request, and its place.
func (d *Description) operation(method, path string) (operation object, place string, err error) {
	segments := strings.Split(path, "/")
	for template, described := range d.document["paths"].(object) {
		parts := strings.Split(template, "/")
		fits := len(parts) == len(segments)
		for i := range parts {
			fits = fits && (parts[i] == segments[i] || strings.HasPrefix(parts[i], "{") && segments[i] != "")
		}
		if !fits {
			continue
		}
		if operation, ok := described.(object)[strings.ToLower(method)].(object); ok {
			return operation, "/paths/" + strings.ReplaceAll(template, "/", "~1") + "/" + strings.ToLower(method), nil
		}
	}
	return nil, "", fmt.Errorf("the description has no %s %s", method, path)
}

// payload returns the JSON of a multipart body, whose other parts must be files.
func payload(form *multipart.Reader) (body []byte, err error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		case part.FormName() == "payload_json":
			if body, err = io.ReadAll(part); err != nil {
				return nil, err
			}
		case !filePart.MatchString(part.FormName()) || part.FileName() == "":
			return nil, fmt.Errorf("a part %q", part.FormName())
		}
	}
}
