// What was made for a player or a program, shown once: the token, and lines that are ready to be pasted.

import { get } from "./api.js";
import { choice, field, h } from "./dom.js";
import { copyable } from "./copyable.js";
import { ask, show } from "./dialog.js";
import { KINDS, KIND_HINTS, lastsMenu } from "./terms.js";

// The widest folder that both the token and one of its user's grants open; none: every folder.
function folderOf({ scope }, areas) {
  const isWide = (area) => ["all", "", "/"].includes(area);
  const within = (inner, outer) => isWide(outer) || inner === outer || inner.startsWith(`${outer}/`);
  if (areas.some((area) => within(scope, area))) return isWide(scope) ? "" : scope;
  return areas.find((area) => within(area, scope)) ?? null;
}

// Any video that the token opens will do for an example.
async function example(token, areas) {
  if (token.item) return token.item.id;
  const folder = folderOf(token, areas);
  if (folder === null) return null;
  const [library, ...below] = folder.split("/");
  const { entries } = await get("/items", { library, below: below.join("/"), limit: 1 });
  return entries[0]?.id;
}

async function lines(token, areas) {
  if (token.kind === "api") {
    return [copyable("The call", `curl -H 'Authorization: Bearer ${token.token}' ${location.origin}/api/v1/me`, { label: "A first call" })];
  }
  const id = await example(token, areas).catch(() => null);
  if (!id) return [h("p", { class: "hint" }, "Its user may watch no video that it opens yet, so there is none to try it with.")];
  const url = `${location.origin}/m/${id}?token=${token.token}`;
  return [
    copyable("The video tag", `<video controls src="${url}"></video>`, { label: "A video tag, ready to paste" }),
    copyable("The curl command", `curl -i -r 0-1 '${url}' -o -`, { label: "A curl command that tries it" }),
  ];
}

async function shown(token, areas) {
  const more = await lines(token, areas);
  show("The new token", h("p", {}, "It is shown only now. Whoever has it can do what it is for; keep it like a password."),
    h("div", { class: "links" }, copyable("The token", token.token), more));
}

// The choice of a kind, for a form.
function kinds() {
  const one = (value) =>
    h("div", {}, choice(KINDS[value], h("input", { type: "radio", name: "kind", value, checked: value === "media" })), h("p", { class: "hint" }, KIND_HINTS[value]));
  return h("fieldset", {}, h("legend", {}, "Kind"), one("media"), one("api"));
}

// A form for a new token. `make(data)` resolves to it; `areasOf(token)` are what its user may watch; `done`: it was made.
export function tokenDialog({ first = null, places, make, areasOf, done }) {
  let made = null;
  const dialog = ask("New token", [
    first,
    field("Name", h("input", { name: "name", maxlength: 100, required: true, placeholder: "The television" }), "To find it again when you want to revoke it."),
    kinds(),
    field("Opens", h("input", { name: "path", list: "areas", placeholder: "All that its user may see", autocomplete: "off", spellcheck: "false" }), "A library or a folder of it, such as films/2024. Empty: all that its user may see, also later."),
    h("datalist", { id: "areas" }, places.map((area) => h("option", { value: area }))),
    field("How long", lastsMenu("30d")),
  ], {
    action: "Create",
    async save(data) {
      const body = { kind: data.get("kind"), name: data.get("name").trim() };
      for (const key of ["user", "path", "lasts"]) if (data.get(key)?.trim()) body[key] = data.get(key).trim();
      made = await make(body);
    },
  });
  dialog.addEventListener("close", async () => {
    if (!made) return;
    await done();
    await shown(made, areasOf(made));
  });
}
