// Tokens of everybody.

import { get, part, post, remove } from "../api.js";
import { ask, confirm, showText } from "../dialog.js";
import { empty, field, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { ago, moment } from "../words.js";
import { name, page } from "./common.js";

const lasting = [["1h", "1 hour"], ["24h", "1 day"], ["7d", "7 days"], ["30d", "30 days"], ["365d", "1 year"], ["", "until it is revoked"]];

async function add() {
  const { entries: users } = await get("/users");
  const active = users.filter((user) => user.state === "active");
  ask("New token", [
    field("Of", h("select", { name: "user" }, active.map((user) => h("option", { value: user.name }, user.name)))),
    field("Kind", h("select", { name: "kind" }, h("option", { value: "media" }, "Media: watching only, may stand in an address"), h("option", { value: "api" }, "API: what its user may do, in a header only"))),
    field("Only below", h("input", { name: "path", autocomplete: "off", spellcheck: "false" }), "LIBRARY or LIBRARY/FOLDER. Empty: all that its user sees."),
    field("Good for", h("select", { name: "lasts" }, lasting.map(([value, text]) => h("option", { value }, text)))),
    field("Name", h("input", { name: "name", maxlength: 100 }), "What it is for, so that somebody knows it in a year."),
  ], {
    action: "Create",
    save: async (data) => {
      const wish = { user: data.get("user"), kind: data.get("kind") };
      for (const key of ["path", "lasts", "name"]) if (data.get(key).trim()) wish[key] = data.get(key).trim();
      const made = await post("/tokens", wish);
      await page(load);
      showText("The new token", made.token, made.kind === "api" ? "Shown only now. Send it as: Authorization: Bearer TOKEN" : "Shown only now. Use it as /m/ID?token=TOKEN.");
    },
  });
}

function revoke(token) {
  confirm("Revoke this token?", `${token.name || token.id} of ${token.user} opens nothing any more; what is being watched with it ends within seconds.`, "Revoke", async () => {
    await remove(`/tokens/${part(token.id)}`);
    notice("Revoked.");
    await page(load);
  });
}

async function load() {
  const { entries } = await get("/tokens");
  const bar = h("div", { class: "toolbar" }, h("button", { type: "button", class: "main", onclick: add }, "New token"));
  if (!entries.length) return [bar, empty("No tokens", "A media token lets a <video> tag play; an API token lets a program do what its user may.")];
  return [bar, table("Tokens", [
    ["Name", (token) => name(token.name || token.id)],
    ["Of", (token) => h("a", { href: `/admin/users/${part(token.user)}` }, name(token.user))],
    ["Kind", (token) => token.kind],
    ["Opens", (token) => name(token.scope)],
    ["Last use", (token) => ago(token.used_at)],
    ["Until", (token) => (token.expires_at ? moment(token.expires_at) : "it is revoked")],
    ["", (token) => h("button", { type: "button", class: "small danger", "aria-label": `Revoke ${token.name || token.id}`, onclick: () => revoke(token) }, "Revoke")],
  ], entries)];
}

await page(load);
