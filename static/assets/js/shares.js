// The links that somebody has given away.

import { get, part, patch, remove } from "./api.js";
import { choice, empty, field, fill, find, h, settled, table } from "./dom.js";
import { ask, confirm } from "./dialog.js";
import { keepFocus } from "./focus.js";
import { icon } from "./icon.js";
import { isolated, titleOf } from "./names.js";
import { notice } from "./notice.js";
import { HONEST, passwordInput, playsInput, shareDialog } from "./share_form.js";
import { ends, lastsMenu, stateBadge } from "./terms.js";
import { ago, count, moment } from "./words.js";

const [form, list, found] = [find("#filters"), find("#shares"), find("#found")];
let shares = [];

const nameOf = (share) => share.name || "Anybody with the link";
const titleOfItem = (item) => (item.name ? titleOf(item.name) : "A video that is gone");

function changesOf(data, share) {
  const changes = { name: data.get("name").trim() || null, download: data.get("download") === "on" };
  changes.plays = data.get("plays") ? Number(data.get("plays")) : null;
  const lasts = data.get("lasts");
  if (lasts === "") changes.expires_at = null;
  else if (lasts !== "keep") changes.lasts = lasts;
  if (data.get("password")) changes.password = data.get("password");
  else if (data.get("open") === "on" && share.password) changes.password = null;
  return changes;
}

function edit(share) {
  const lasts = lastsMenu(null);
  lasts.prepend(h("option", { value: "keep" }, share.expires_at ? `As it is: ${moment(share.expires_at)}` : "As it is: until revoked"));
  lasts.value = "keep";
  ask(`Change the link for ${nameOf(share)}`, [
    field("For whom", h("input", { name: "name", value: share.name || "", maxlength: 100 })),
    field("How long, from now", lasts),
    field("How many times", playsInput(share.plays_limit ?? ""), `Watched ${count(share.plays, "time", "times")} so far. Empty: as often as they like.`),
    field(share.password ? "New password" : "Password", passwordInput(), share.password ? "Empty: the password stays. A new one ends what was opened with the old one." : "At least 8 characters. Empty: the link is enough."),
    share.password && choice("Ask for no password any more", h("input", { type: "checkbox", name: "open" })),
    choice("They may also download the file", h("input", { type: "checkbox", name: "download", checked: share.download })),
  ], {
    async save(data) {
      await patch(`/shares/${part(share.id)}`, changesOf(data, share));
      notice("The link is changed.");
      await load();
    },
  });
}

const revoke = (share) =>
  confirm("Revoke this link?", `${nameOf(share)} can no longer watch “${titleOfItem(share.item)}”, and what is playing stops within seconds. This cannot be undone.`, "Revoke", async () => {
    await remove(`/shares/${part(share.id)}`);
    notice("The link is revoked.");
    await load();
  });

function conditions(share) {
  const words = [share.password && "password", share.download && "download"].filter(Boolean).join(", ");
  return words && h("span", { class: "hint" }, ` with ${words}`);
}

const played = ({ plays, plays_limit: limit }) => (limit ? `${plays} of ${limit}` : String(plays));

function buttons(share) {
  if (share.state === "revoked") return "";
  const act = (words, work, kind = "") =>
    h("button", { type: "button", class: `small ${kind}`, "aria-label": `${words} the link for ${nameOf(share)}`, onclick: () => work(share) }, words);
  return h("span", { class: "actions" }, act("Edit", edit), act("Revoke", revoke, "danger"));
}

const COLUMNS = [
  ["For", (share) => [isolated(nameOf(share)), conditions(share)]],
  ["State", (share) => stateBadge(share.state)],
  ["Plays", played, "number"],
  ["Last use", (share) => ago(share.used_at)],
  ["Ends", ends],
  ["", buttons],
];

function group(item, ofItem) {
  const title = isolated(titleOfItem(item));
  return h("section", { class: "group" },
    h("div", { class: "head" },
      h("h2", {}, item.name ? h("a", { href: `/watch/${item.id}` }, title) : title),
      item.name && h("button", { type: "button", class: "small", "aria-label": `New link for ${titleOfItem(item)}`, onclick: () => shareDialog(item, load) }, icon("plus"), "New link")),
    table(`Links for ${titleOfItem(item)}`, COLUMNS, ofItem));
}

const draw = () => keepFocus(list, redraw);

function redraw() {
  const data = new FormData(form);
  const words = data.get("q").toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (share) => {
    const text = `${nameOf(share)} ${share.item.name || ""}`.toLowerCase();
    return (!data.get("state") || share.state === data.get("state")) && words.every((word) => text.includes(word));
  };
  const shown = shares.filter(fits);
  const groups = grouped(shown);
  form.hidden = shares.length === 0;
  found.textContent = shares.length ? `${count(shown.length, "link", "links")} shown` : "";
  if (!shares.length) {
    fill(list, empty("Nothing is shared yet", "Open a video and press Share. You choose for whom, how long, and how often.", h("a", { class: "button main", href: "/" }, "Choose a video")));
  } else if (!shown.length) {
    fill(list, empty("No link fits", "Other words or another state show more.", h("button", { type: "button", onclick: () => (form.reset(), draw()) }, "Show all")));
  } else {
    fill(list, [...groups.values()].map((ofItem) => group(ofItem[0].item, ofItem)), h("p", { class: "hint" }, HONEST));
  }
}

function grouped(all) {
  const groups = new Map();
  for (const share of all) groups.set(share.item.id, [...(groups.get(share.item.id) || []), share]);
  return groups;
}

async function load() {
  try {
    const [me, { entries }] = await Promise.all([get("/me"), get("/shares")]);
    // Administrators get everybody's; theirs stand among the administration's pages.
    shares = entries.filter(({ owner }) => owner === me.name);
    draw();
  } catch (problem) {
    fill(list, empty("The links could not be loaded", [problem.message, problem.hint].filter(Boolean).join(" "), h("button", { type: "button", class: "main", onclick: load }, "Try again")));
  } finally {
    list.setAttribute("aria-busy", "false");
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", settled(draw));
await load();
