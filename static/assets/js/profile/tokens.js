// Tokens: for watching elsewhere, and for programs.

import { get, part, post, remove } from "../api.js";
import { choice, field, h, table } from "../dom.js";
import { ask, confirm } from "../dialog.js";
import { icon } from "../icon.js";
import { end, lastsMenu } from "../lasting.js";
import { isolated } from "../names.js";
import { notice } from "../notice.js";
import { kindOf, opens, showNew } from "../token_words.js";
import { ago } from "../words.js";

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
    field("How long", lastsMenu("30d")),
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
    showNew(made, "Your new token");
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
    ["For", (token) => [kindOf(token), h("span", { class: "hint" }, ": ", opens(token, "all that you may see"))]],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", end],
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
