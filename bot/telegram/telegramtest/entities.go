package telegramtest

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// Entity is a stretch of text in one style, in UTF-16 units. https://core.telegram.org/bots/api#messageentity
type Entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

func (e Entity) end() int { return e.Offset + e.Length }

// styles are the types of entities that a bot may send and that need no further field.
var styles = []string{"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "code", "pre", "expandable_blockquote"}

// checkEntities is stricter than the real server, which repairs some mistakes and silently drops the rest: every entity
// must lie within the text, split no character, and be outside of or nested in any other; code and pre may be nested in
// a quote alone, which contains them, and quotes not in each other.
func checkEntities(text string, entities []Entity) error {
	units := utf16.Encode([]rune(text))
	for i, e := range entities {
		switch {
		case !slices.Contains(styles, e.Type):
			return bad("can't parse MessageEntity: unsupported type")
		case e.Offset < 0 || e.Length <= 0 || e.end() > len(units):
			return bad("ENTITY_BOUNDS_INVALID")
		case splits(units, e.Offset) || splits(units, e.end()):
			return bad("ENTITY_BOUNDS_INVALID: a surrogate pair is cut")
		}
		for _, other := range entities[:i] {
			if !fit(e, other) {
				return bad("ENTITIES_OVERLAP")
			}
		}
	}
	return nil
}

// splits reports whether the position is within a surrogate pair.
func splits(units []uint16, at int) bool {
	const lowFirst, lowLast = 0xdc00, 0xdfff
	return at < len(units) && units[at] >= lowFirst && units[at] <= lowLast
}

// fit reports whether a text may have both entities.
func fit(a, b Entity) bool {
	if a.end() <= b.Offset || b.end() <= a.Offset {
		return true
	}
	code := func(e Entity) bool { return e.Type == "code" || e.Type == "pre" }
	quote := func(e Entity) bool { return strings.HasSuffix(e.Type, "blockquote") }
	within := func(a, b Entity) bool { return a.Offset >= b.Offset && a.end() <= b.end() }
	switch {
	case code(a) || code(b):
		return code(a) && quote(b) && within(a, b) || code(b) && quote(a) && within(b, a)
	case quote(a) && quote(b):
		return false
	}
	return (within(a, b) || within(b, a)) && a.Type != b.Type
}
