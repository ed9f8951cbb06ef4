// Tokens in words, and a new one ready for use.

import { get } from "./api.js";
import { field, h } from "./dom.js";
import { show } from "./dialog.js";
import { icon } from "./icon.js";
import { isolated, titleOf } from "./names.js";
import { copy } from "./notice.js";

const KINDS = { media: "Watching", api: "Programs", legacy: "Old application" };
export const kindOf = (token) => KINDS[token.kind] || token.kind;

const isOfOne = (scope) => scope.startsWith("item ");
const isWide = (scope) => ["all", "", "/"].includes(scope);

// What it opens: a video by its name, a folder, or all.
export function opens({ scope, item }, all) {
  if (item) return h("a", { href: `/watch/${item.id}` }, isolated(titleOf(item.name)));
  if (isOfOne(scope)) return "a video that is gone";
  return isWide(scope) ? all : isolated(scope);
}

function copied(label, text, what) {
  const area = h("textarea", { readonly: true, class: "code", rows: Math.min(4, 1 + Math.floor(text.length / 48)), value: text, onfocus: (event) => event.target.select() });
  return [field(label, area), h("button", { type: "button", onclick: () => copy(text, what) }, icon("copy"), `Copy ${what.toLowerCase()}`)];
}

// Any video that the token opens will do for an example.
async function example({ scope, token }) {
  const [library, ...below] = scope.split("/");
  const { entries } = await get("/items", isWide(scope) || isOfOne(scope) ? { limit: 1 } : { library, below: below.join("/"), limit: 1 });
  const id = isOfOne(scope) ? scope.slice(5) : entries[0]?.id;
  return id ? `<video controls src="${location.origin}/m/${id}?token=${token}"></video>` : null;
}

// The answer to making one; it is never shown again.
export async function showNew(token, title) {
  const isMedia = token.kind === "media";
  const sample = isMedia ? await example(token).catch(() => null) : `curl -H 'Authorization: Bearer ${token.token}' ${location.origin}/api/v1/me`;
  show(title,
    h("p", {}, "It is shown only now. Whoever has it can do what it is for; keep it like a password."),
    copied("Token", token.token, "The token"),
    sample && copied(isMedia ? "A video tag, ready to paste" : "A first call", sample, isMedia ? "The tag" : "The call"));
}
