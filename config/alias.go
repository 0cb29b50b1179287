package config

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
)

// Alias is what a chat goes by whose own name is a secret, such as the URL of a webhook: six hexadecimal digits, which
// stay the same for as long as the secret does.
//
// Whoever reads them in a log or in the database cannot tell a secret of them: one that is random has far more than
// their 24 bits, and for one that is a word, each guess costs twenty thousand hashes and ends in many words with the
// same digits.
func Alias(platform, secret string) string {
	sum, err := pbkdf2.Key(sha256.New, secret, []byte("friendlyfire/"+platform), 20_000, 3)
	if err != nil {
		panic(err) // the parameters are good
	}
	return hex.EncodeToString(sum)
}
