// Tokens: for watching elsewhere, and for programs.

import { get, part, post, remove } from "../api.js";
import { h, table } from "../dom.js";
import { confirm } from "../dialog.js";
import { icon } from "../icon.js";
import { isolated } from "../names.js";
import { notice } from "../notice.js";
import { KINDS, ends, opens } from "../terms.js";
import { tokenDialog } from "../token_form.js";
import { ago } from "../words.js";

const make = (again, areas) =>
  tokenDialog({
    places: areas.includes("/") ? [] : areas,
    make: (wish) => post("/tokens", wish),
    areasOf: () => areas,
    done: again,
  });

function columns(again) {
  const revoke = (token) =>
    confirm("Revoke this token?", `What uses “${token.name || token.id}” stops within seconds. This cannot be undone.`, "Revoke", async () => {
      await remove(`/tokens/${part(token.id)}`);
      notice("The token is revoked.");
      await again();
    });
  return [
    ["Name", (token) => isolated(token.name || "Without a name")],
    ["Kind", (token) => KINDS[token.kind] || token.kind],
    ["Opens", opens],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", ends],
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
