// Links that somebody without an account may open.

import { get, part, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { end } from "../lasting.js";
import { titleOf } from "../names.js";
import { nameOf, played, state } from "../share_words.js";
import { ago } from "../words.js";
import { name, page } from "./common.js";

function revoke(share) {
  confirm("Revoke this share?", `The link${share.name ? ` for ${share.name}` : ""} opens nothing any more; what is being watched with it ends within seconds.`, "Revoke", async () => {
    await remove(`/shares/${part(share.id)}`);
    notice("Revoked.");
    await page(load);
  });
}

const allows = (share) => [share.password && "password", share.download ? "download" : "watch only"].filter(Boolean).join(", ");

async function load() {
  const { entries } = await get("/shares");
  if (!entries.length) return empty("Nothing is shared", "A share is a page that plays for somebody without an account. Open a video and choose Share.");
  return table("Shares", [
    ["Video", (share) => (share.item.name ? h("a", { href: `/watch/${share.item.id}` }, name(titleOf(share.item.name))) : "A video that is gone")],
    ["For", (share) => name(nameOf(share))],
    ["By", (share) => name(share.owner)],
    ["State", state],
    ["Plays", played, "number"],
    ["Last use", (share) => ago(share.used_at)],
    ["Ends", end],
    ["Allows", allows],
    ["", (share) => share.state !== "revoked" && h("button", { type: "button", class: "small danger", "aria-label": `Revoke the share of ${share.item.name}`, onclick: () => revoke(share) }, "Revoke")],
  ], entries);
}

await page(load);
