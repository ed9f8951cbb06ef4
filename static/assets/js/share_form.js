// New links for a video: one a name, so that each can be ended by itself.

import { post } from "./api.js";
import { choice, field, h } from "./dom.js";
import { copyable } from "./copyable.js";
import { ask, show } from "./dialog.js";
import { icon } from "./icon.js";
import { isolated, titleOf } from "./names.js";
import { copy } from "./notice.js";
import { lastsMenu } from "./terms.js";
import { moment } from "./words.js";

export const HONEST = "Whoever can watch a video can also record the screen. No link prevents that.";

export const playsInput = (value = "") => h("input", { type: "number", name: "plays", min: 1, max: 1000000, inputmode: "numeric", value });

export const passwordInput = () => h("input", { type: "password", name: "password", autocomplete: "new-password", minlength: 8, maxlength: 1024 });

function address(share) {
  return new URL(share.url, location.origin).href;
}

function result(item, entries) {
  const line = (share) => {
    const name = share.name || "Anybody with the link";
    return h("li", {}, copyable("The link", address(share), { label: isolated(name), suffix: ` for ${name}` }));
  };
  const all = entries.map((share) => (share.name ? `${share.name}: ${address(share)}` : address(share))).join("\n");
  const end = entries[0].expires_at ? `until ${moment(entries[0].expires_at)}` : "until you revoke them";
  show(entries.length === 1 ? "The link" : `${entries.length} links`,
    h("p", {}, `Links are shown only now. They play “`, isolated(titleOf(item.name)), `” ${end}.`),
    h("ul", { class: "links" }, entries.map(line)),
    entries.length > 1 && h("button", { type: "button", onclick: () => copy(all, "The list") }, icon("copy"), "Copy all"),
    h("p", { class: "hint" }, HONEST));
}

// `done`: links were made.
export function shareDialog(item, done = () => {}) {
  let made = null;
  const dialog = ask("Share", [
    h("p", { class: "subject" }, isolated(titleOf(item.name))),
    field("For whom", h("textarea", { name: "names", class: "names", rows: 2, placeholder: "Ada\nGrandpa" }), "One name a line; each gets a link of their own. Without names there is one link for all."),
    h("div", { class: "pair" }, field("How long", lastsMenu("7d")), field("How many times", playsInput(), "A play is a whole viewing. Empty: no limit.")),
    field("Password", passwordInput(), "At least 8 characters, told on another way than the link. Empty: the link is enough."),
    choice("They may also download the file", h("input", { type: "checkbox", name: "download" })),
    h("p", { class: "hint" }, HONEST),
  ], {
    action: "Create",
    async save(data) {
      const names = data.get("names").split("\n").map((name) => name.trim()).filter(Boolean);
      const body = { item: item.id, download: data.get("download") === "on" };
      if (names.length) body.names = names;
      if (data.get("lasts")) body.lasts = data.get("lasts");
      if (data.get("plays")) body.plays = Number(data.get("plays"));
      if (data.get("password")) body.password = data.get("password");
      made = (await post("/shares", body)).entries;
    },
  });
  dialog.addEventListener("close", () => {
    if (!made) return;
    result(item, made);
    done();
  });
}
