#!/usr/bin/env python3
"""Signed URLs for reelgate: Python 3.8 or later, nothing else.

sign("/m/ID", ...)                  one video; the same query opens /embed/ID, its poster and its subtitles
sign("/files/LIBRARY/FILE", ...)    one file by its path
sign("/files/LIBRARY/FOLDER/", ...) everything below: put the query behind the path of any file there
"""

import base64
import hashlib
import hmac
import urllib.parse


def sign(path, expires, key_id, secret):
    """path is not percent-encoded; expires counts seconds since 1970; secret is as `reelgate key create` prints it."""
    _, place, *rest = path.split("/")
    if place == "files":
        kind, target = "path", "/".join(rest).rstrip("/")
    else:
        kind, target = "item", rest[0]
    fields = ["reelgate-link-1", key_id, kind, target, str(expires), "watch"]
    encoded = [field.encode() for field in fields]
    message = b"".join(len(field).to_bytes(8, "big") + field for field in encoded)
    key = base64.urlsafe_b64decode(secret + "=")
    digest = hmac.new(key, message, hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"{urllib.parse.quote(path)}?exp={expires}&kid={key_id}&sig={signature}"


if __name__ == "__main__":
    import os
    import sys

    # REELGATE_SECRET=... sign.py PATH EXPIRES KEY_ID
    print(sign(sys.argv[1], int(sys.argv[2]), sys.argv[3], os.environ["REELGATE_SECRET"]))
