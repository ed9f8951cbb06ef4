// Tokens: for watching elsewhere, and for programs.

import { get, part, post, remove } from "../api.js";
import { choice, field, h, table } from "../dom.js";
import { ask, confirm, show } from "../dialog.js";
import { icon } from "../icon.js";
import { isolated } from "../names.js";
import { copy, notice } from "../notice.js";
import { ago, moment } from "../words.js";

const KINDS = { media: "Watching", api: "Programs", legacy: "Old application" };
const LASTS = [["1d", "1 day"], ["7d", "7 days"], ["30d", "30 days"], ["365d", "1 year"], ["", "Until revoked"]];

const scopeWords = (scope) => (scope === "all" || scope === "/" ? "all that you may see" : scope.replace(/^item /, "one video: "));

function copied(label, text, what) {
  const area = h("textarea", { readonly: true, class: "code", rows: Math.min(4, 1 + Math.floor(text.length / 48)), value: text, onfocus: (event) => event.target.select() });
  return [field(label, area), h("button", { type: "button", onclick: () => copy(text, what) }, icon("copy"), `Copy ${what.toLowerCase()}`)];
}

// Any video that the token opens will do for an example.
async function example(token) {
  const [library, ...below] = token.scope.split("/");
  const isNarrow = !["all", "", "/"].includes(token.scope) && !token.scope.startsWith("item ");
  const { entries } = await get("/items", isNarrow ? { library, below: below.join("/"), limit: 1 } : { limit: 1 });
  const id = token.scope.startsWith("item ") ? token.scope.slice(5) : entries[0]?.id;
  return id ? `<video controls src="${location.origin}/m/${id}?token=${token.token}"></video>` : null;
}

async function shown(token) {
  const isMedia = token.kind === "media";
  const sample = isMedia ? await example(token).catch(() => null) : `curl -H 'Authorization: Bearer ${token.token}' ${location.origin}/api/v1/me`;
  show("Your new token",
    h("p", {}, "It is shown only now. Whoever has it can do what it is for; keep it like a password."),
    copied("Token", token.token, "The token"),
    sample && copied(isMedia ? "A video tag, ready to paste" : "A first call", sample, isMedia ? "The tag" : "The call"));
}

function make(again, areas) {
  const places = areas.includes("/") ? [] : areas;
  const kind = (value, words, hint) => h("div", {}, choice(words, h("input", { type: "radio", name: "kind", value, checked: value === "media" })), h("p", { class: "hint" }, hint));
  let made = null;
  const dialog = ask("New token", [
    field("Name", h("input", { name: "name", maxlength: 100, required: true, placeholder: "The television" }), "To find it again when you want to revoke it."),
    h("fieldset", {}, h("legend", {}, "What it is for"),
      kind("media", "Watching", "Plays videos, may stand in an address: players, <video> tags, televisions."),
      kind("api", "Programs", "May do what you may do, in the Authorization header only.")),
    field("Which videos", h("input", { name: "path", list: "areas", placeholder: "All that I may see", autocomplete: "off" }), "A library or a folder of it, such as films/2024. Empty: all that you may see, also later."),
    h("datalist", { id: "areas" }, places.map((area) => h("option", { value: area }))),
    field("How long", h("select", { name: "lasts" }, LASTS.map(([value, words]) => h("option", { value, selected: value === "30d" }, words)))),
  ], {
    action: "Create",
    async save(data) {
      const body = { kind: data.get("kind"), name: data.get("name").trim() };
      if (data.get("path").trim()) body.path = data.get("path").trim();
      if (data.get("lasts")) body.lasts = data.get("lasts");
      made = await post("/tokens", body);
    },
  });
  dialog.addEventListener("close", () => {
    if (!made) return;
    shown(made);
    again();
  });
}

function columns(again) {
  const revoke = (token) =>
    confirm("Revoke this token?", `What uses “${token.name || token.id}” stops within seconds. This cannot be undone.`, "Revoke", async () => {
      await remove(`/tokens/${part(token.id)}`);
      notice("The token is revoked.");
      again();
    });
  return [
    ["Name", (token) => isolated(token.name || "Without a name")],
    ["For", (token) => [KINDS[token.kind] || token.kind, h("span", { class: "hint" }, [" ", isolated(scopeWords(token.scope))])]],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", (token) => (token.expires_at ? h("time", { datetime: token.expires_at, title: moment(token.expires_at) }, ago(token.expires_at)) : "when revoked")],
    ["", (token) => h("button", { type: "button", class: "small danger", "aria-label": `Revoke ${token.name || "the token without a name"}`, onclick: () => revoke(token) }, "Revoke")],
  ];
}

export async function tokens(again, me) {
  const { entries } = await get("/tokens", { user: me.name });
  return [
    h("p", {}, "For players and programs that cannot log in. For other people use Share on a video's page."),
    entries.length ? table("Tokens", columns(again), entries) : h("p", { class: "empty" }, "No tokens yet. A player on a television or a script needs one."),
    h("button", { type: "button", onclick: () => make(again, me.areas) }, icon("plus"), "New token"),
  ];
}
