// Signed URLs for reelgate: Node 16 or later, nothing else.
//
// sign("/m/ID", ...)                  one video; the same query opens /embed/ID, its poster and its subtitles
// sign("/files/LIBRARY/FILE", ...)    one file by its path
// sign("/files/LIBRARY/FOLDER/", ...) everything below: put the query behind the path of any file there
"use strict";

const { createHmac } = require("node:crypto");

/** path is not percent-encoded; expires counts seconds since 1970; secret is as `reelgate key create` prints it. */
function sign(path, expires, keyId, secret) {
  const [, place, ...rest] = path.split("/");
  const [kind, target] =
    place === "files" ? ["path", rest.join("/").replace(/\/+$/, "")] : ["item", rest[0]];
  const hmac = createHmac("sha256", Buffer.from(secret, "base64url"));
  for (const field of ["reelgate-link-1", keyId, kind, target, String(expires), "watch"]) {
    const bytes = Buffer.from(field);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hmac.update(length).update(bytes);
  }
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `${encoded}?exp=${expires}&kid=${keyId}&sig=${hmac.digest("base64url")}`;
}

module.exports = { sign };

// REELGATE_SECRET=... node sign.js PATH EXPIRES KEY_ID
if (require.main === module) {
  const [path, expires, keyId] = process.argv.slice(2);
  console.log(sign(path, Number(expires), keyId, process.env.REELGATE_SECRET));
}
