package mailtest

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // SCRAM-SHA-1
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"
)

// hashes are those of the ways to log in by which the server never sees the password: RFC 5802, RFC 7677.
var hashes = map[string]func() hash.Hash{"SCRAM-SHA-1": sha1.New, "SCRAM-SHA-256": sha256.New}

// scram asks the client to prove that he knows the password, and proves to him that the server knows it too: RFC 5802,
// section 3.
func (c *session) scram(newHash func() hash.Hash, ask func(string) string) (proved bool) {
	const salt, rounds = "of the server", 4096
	first, ok := strings.CutPrefix(ask(""), "n,,")
	name, nonce, ok2 := strings.Cut(first, ",r=")
	if !ok || !ok2 || strings.NewReplacer("=2C", ",", "=3D", "=").Replace(strings.TrimPrefix(name, "n=")) != User {
		return false
	}
	mine := "r=" + nonce + "fake,s=" + base64.StdEncoding.EncodeToString([]byte(salt)) + ",i=4096"
	final, proof, _ := strings.Cut(ask(mine), ",p=")
	salted, err := pbkdf2.Key(newHash, Password, []byte(salt), rounds, newHash().Size())
	if err != nil {
		panic(err)
	}
	sign := func(key []byte, text string) []byte {
		mac := hmac.New(newHash, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	all := first + "," + mine + "," + final
	key, stored := sign(salted, "Client Key"), newHash()
	stored.Write(key)
	for i, b := range sign(stored.Sum(nil), all) {
		key[i] ^= b
	}
	if final != "c=biws,r="+nonce+"fake" || proof != base64.StdEncoding.EncodeToString(key) {
		return false
	}
	ask("v=" + base64.StdEncoding.EncodeToString(sign(sign(salted, "Server Key"), all)))
	return true
}
