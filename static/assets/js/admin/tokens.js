// Tokens of everybody.

import { get, part, post, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, field, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { KINDS, ends, opens } from "../terms.js";
import { tokenDialog } from "../token_form.js";
import { ago } from "../words.js";
import { name, page } from "./common.js";

async function add() {
  const [me, { entries: users }, { entries: libraries }] = await Promise.all([get("/me"), get("/users"), get("/libraries")]);
  const active = users.filter((user) => user.state === "active");
  const areasOf = ({ user }) => {
    const { role, areas = [] } = users.find(({ name }) => name === user) || {};
    return role === "admin" ? ["/"] : areas;
  };
  tokenDialog({
    first: field("Of", h("select", { name: "user" }, active.map((user) => h("option", { value: user.name, selected: user.name === me.name }, user.name)))),
    places: libraries.map((library) => library.name),
    make: (wish) => post("/tokens", wish),
    areasOf,
    done: () => page(load),
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
    ["Kind", (token) => KINDS[token.kind] || token.kind],
    ["Opens", opens],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", ends],
    ["", (token) => h("button", { type: "button", class: "small danger", "aria-label": `Revoke ${token.name || token.id}`, onclick: () => revoke(token) }, "Revoke")],
  ], entries)];
}

await page(load);
