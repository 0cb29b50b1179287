package enrich

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"friendlyfire/store"
)

func country(r maxminddb.Result) (store.Country, error) {
	var code string
	if err := r.DecodePath(&code, "country_code"); err != nil {
		return "", fmt.Errorf("country_code: %w", err)
	}
	if code == "" {
		if err := r.DecodePath(&code, "country", "iso_code"); err != nil {
			return "", fmt.Errorf("country.iso_code: %w", err)
		}
	}
	c, _ := store.ParseCountry(code)
	return c, nil
}

// systemNumber reads the number as MaxMind, DB-IP and ip-location-db have it, or as IPinfo does: "AS5432".
func systemNumber(r maxminddb.Result) (store.ASN, error) {
	var n uint32
	if err := r.DecodePath(&n, "autonomous_system_number"); err != nil {
		return 0, fmt.Errorf("autonomous_system_number: %w", err)
	}
	if n != 0 {
		return store.ASN(n), nil
	}
	var text string
	if err := r.DecodePath(&text, "asn"); err != nil {
		return 0, fmt.Errorf("asn: %w", err)
	}
	number, _ := strconv.ParseUint(strings.TrimPrefix(text, "AS"), 10, 32) // what is no number is none
	return store.ASN(number), nil
}

// maxHolder is how many characters of a holder's name are kept.
const maxHolder = 60

// system reads the number and the holder. A damaged record has neither.
func system(r maxminddb.Result) (n store.ASN, holder string) {
	n, err := systemNumber(r)
	if err != nil || n == 0 {
		return 0, ""
	}
	if err := r.DecodePath(&holder, "autonomous_system_organization"); err != nil || holder == "" {
		_ = r.DecodePath(&holder, "as_name") // a damaged name is none
	}
	return n, store.Clean(holder, maxHolder)
}

// record is a record of the built-in table, whose fields are known and whole: it is read in one go.
type record struct {
	country, holder string
	asn             uint64
}

// UnmarshalMaxMindDBCursor reads the record.
func (r *record) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (next mmdbdata.Cursor, err error) {
	fields, err := c.Map()
	for err == nil {
		key, value, ok := fields.Next(next)
		if !ok {
			return fields.End()
		}
		switch string(key) {
		case "country_code":
			r.country, next, err = value.ReadString()
		case "autonomous_system_number":
			r.asn, next, err = value.ReadUint()
		case "autonomous_system_organization":
			r.holder, next, err = value.ReadString()
		default:
			next, err = value.Skip()
		}
	}
	return next, err
}
