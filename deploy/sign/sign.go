// Signed URLs for reelgate: Go 1.19 or later, the standard library alone.
//
//	sign("/m/ID", ...)                  one video; the same query opens /embed/ID, its poster and its subtitles
//	sign("/files/LIBRARY/FILE", ...)    one file by its path
//	sign("/files/LIBRARY/FOLDER/", ...) everything below: put the query behind the path of any file there
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// sign takes a path that is not percent-encoded, an expiry in seconds since 1970, and a secret as
// `reelgate key create` prints it.
func sign(path string, expires int64, keyID, secret string) (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(key) != 32 {
		return "", fmt.Errorf("the secret is not one of reelgate's")
	}
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 3 {
		return "", fmt.Errorf("%q is neither /m/ID nor /files/LIBRARY/PATH", path)
	}
	kind, target := "item", strings.SplitN(parts[2], "/", 2)[0]
	if parts[1] == "files" {
		kind, target = "path", strings.TrimRight(parts[2], "/")
	}
	end := strconv.FormatInt(expires, 10)
	mac := hmac.New(sha256.New, key)
	for _, field := range []string{"reelgate-link-1", keyID, kind, target, end, "watch"} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		mac.Write(length[:])
		mac.Write([]byte(field))
	}
	signature := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	encoded := (&url.URL{Path: path}).EscapedPath()
	return fmt.Sprintf("%s?exp=%s&kid=%s&sig=%s", encoded, end, keyID, signature), nil
}

// REELGATE_SECRET=... go run sign.go PATH EXPIRES KEY_ID
func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: REELGATE_SECRET=... sign PATH EXPIRES KEY_ID")
		os.Exit(2)
	}
	expires, err := strconv.ParseInt(os.Args[2], 10, 64)
	var signed string
	if err == nil {
		signed, err = sign(os.Args[1], expires, os.Args[3], os.Getenv("REELGATE_SECRET"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(signed)
}
