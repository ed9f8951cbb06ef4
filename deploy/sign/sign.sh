#!/usr/bin/env bash
# Signed URLs for reelgate: bash 4 or later and openssl.
#
#   reelgate_sign /m/ID ...                  one video; the same query opens /embed/ID, its poster and its subtitles
#   reelgate_sign /files/LIBRARY/FILE ...    one file by its path
#   reelgate_sign /files/LIBRARY/FOLDER/ ... everything below: put the query behind the path of any file there
#
# openssl takes a key as an argument only, where every user of the machine could read it. So the few lines of HMAC
# (RFC 2104) are written out, and the secret goes through pipes.

# What comes in as hexadecimal digits, and back.
to_hex() { od -An -v -tx1 | tr -d ' \n'; }
from_hex() { printf '%b' "$(sed 's/../\\x&/g')"; }
sha256() { from_hex | openssl dgst -sha256 -binary | to_hex; }

# padded KEY BYTE: the key as hexadecimal digits, filled up to a block of 64 bytes, each byte xored with BYTE.
padded() {
    local key=$1 byte
    while ((${#key} < 128)); do key+=00; done
    for ((byte = 0; byte < 128; byte += 2)); do printf '%02x' $((0x${key:byte:2} ^ $2)); done
}

# encoded PATH: percent-encoded, byte by byte.
encoded() {
    local LC_ALL=C path=$1 place character
    for ((place = 0; place < ${#path}; place++)); do
        character=${path:place:1}
        case $character in
            [A-Za-z0-9._~/-]) printf '%s' "$character" ;;
            *) printf %s "$character" | to_hex | tr a-f A-F | sed 's/../%&/g' ;;
        esac
    done
}

# reelgate_sign PATH EXPIRES KEY_ID, and the secret in REELGATE_SECRET as `reelgate key create` prints it. PATH is not
# percent-encoded, EXPIRES counts seconds since 1970.
reelgate_sign() {
    : "${REELGATE_SECRET:?is missing}"
    local LC_ALL=C path=$1 expires=$2 key_id=$3 kind=item target message='' field key inner signature
    target=${path#/*/}
    case $path in
        /files/*) kind=path target=${target%/} ;;
        *) target=${target%%/*} ;;
    esac
    for field in reelgate-link-1 "$key_id" "$kind" "$target" "$expires" watch; do
        message+=$(printf '%016x' "${#field}")$(printf %s "$field" | to_hex)
    done
    key=$(printf '%s=' "$REELGATE_SECRET" | tr -- -_ +/ | openssl base64 -d -A | to_hex)
    inner=$(printf '%s%s' "$(padded "$key" 0x36)" "$message" | sha256)
    signature=$(printf '%s%s' "$(padded "$key" 0x5c)" "$inner" | sha256 | from_hex | openssl base64 -A | tr +/ -_)
    printf '%s?exp=%s&kid=%s&sig=%s\n' "$(encoded "$path")" "$expires" "$key_id" "${signature%=}"
}

# REELGATE_SECRET=... sign.sh PATH EXPIRES KEY_ID
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then reelgate_sign "$@"; fi
