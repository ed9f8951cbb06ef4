// Tokens of everybody.

import { get, part, post, remove } from "../api.js";
import { ask, confirm } from "../dialog.js";
import { empty, field, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { end, lastsMenu } from "../lasting.js";
import { kindOf, opens, showNew } from "../token_words.js";
import { ago } from "../words.js";
import { name, page } from "./common.js";

async function add() {
  const { entries: users } = await get("/users");
  const active = users.filter((user) => user.state === "active");
  let made = null;
  const dialog = ask("New token", [
    field("Of", h("select", { name: "user" }, active.map((user) => h("option", { value: user.name }, user.name)))),
    field("Kind", h("select", { name: "kind" }, h("option", { value: "media" }, "Watching: plays videos, may stand in an address"), h("option", { value: "api" }, "Programs: what its user may do, in a header only"))),
    field("Only below", h("input", { name: "path", autocomplete: "off", spellcheck: "false" }), "LIBRARY or LIBRARY/FOLDER. Empty: all that its user sees."),
    field("How long", lastsMenu("30d")),
    field("Name", h("input", { name: "name", maxlength: 100 }), "What it is for, so that somebody knows it in a year."),
  ], {
    action: "Create",
    save: async (data) => {
      const wish = { user: data.get("user"), kind: data.get("kind") };
      for (const key of ["path", "lasts", "name"]) if (data.get(key).trim()) wish[key] = data.get(key).trim();
      made = await post("/tokens", wish);
      await page(load);
    },
  });
  dialog.addEventListener("close", () => made && showNew(made, "The new token"));
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
  if (!entries.length) return [bar, empty("No tokens", "One for watching lets a <video> tag play; one for programs may do what its user may.")];
  return [bar, table("Tokens", [
    ["Name", (token) => name(token.name || token.id)],
    ["Of", (token) => h("a", { href: `/admin/users/${part(token.user)}` }, name(token.user))],
    ["Kind", kindOf],
    ["Opens", (token) => opens(token, "all that its user sees")],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", end],
    ["", (token) => h("button", { type: "button", class: "small danger", "aria-label": `Revoke ${token.name || token.id}`, onclick: () => revoke(token) }, "Revoke")],
  ], entries)];
}

await page(load);
