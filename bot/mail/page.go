package mail

import (
	"fmt"
	"html"
	"strings"

	"friendlyfire/bot/msg"
)

// widest is how wide the page is, in pixels.
const widest = 640

// style makes the page readable in light and dark. It gives no colour to what is plain, so that a program that shows
// its own colours is right about them, and nothing is fetched from anywhere.
const style = `:root{color-scheme:light dark;supported-color-schemes:light dark}
body{margin:0;padding:16px;font:15px/1.5 -apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
div{max-width:640px;overflow-wrap:anywhere}
code,pre{font:13px/1.4 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace}
pre{margin:0;overflow-x:auto}
img{display:block;margin-top:14px;width:100%;height:auto;border:0;border-radius:6px}
@media (prefers-color-scheme:dark){body{background:#16181c;color:#e4e6ea}}`

// page is the message as HTML, with the picture that has the content id. Every character of the text shows as it is.
func page(m msg.Message, picture string, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>%s</title><style>
%s
</style></head><body><div>`, html.EscapeString(subject(m.Text)), style)
	for _, r := range m.Text.Unlinked() {
		text := strings.ReplaceAll(html.EscapeString(visible(r.Text)), "\n", "<br>\n")
		switch r.Style {
		case msg.Bold:
			text = "<b>" + text + "</b>"
		case msg.Code:
			text = "<code>" + text + "</code>"
		case msg.Pre:
			text = "<pre>" + html.EscapeString(strings.Trim(visible(r.Text), "\n")) + "</pre>"
		}
		b.WriteString(text)
	}
	fmt.Fprintf(&b, `
<img src="cid:%s" alt="%s" width="%d" style="max-width:%[3]dpx">
</div></body></html>
`, html.EscapeString(picture), html.EscapeString(subject(m.Text)), width)
	return b.String()
}
