// Links that somebody without an account may open.

import { get, part, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { ago, moment } from "../words.js";
import { badge, name, page } from "./common.js";

const states = { open: "good", over: "", used_up: "", revoked: "bad" };
const words = { open: "open", over: "over", used_up: "used up", revoked: "revoked" };

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
    ["Video", (share) => h("a", { href: `/watch/${share.item.id}` }, name(share.item.name))],
    ["For", (share) => name(share.name || "anybody with the link")],
    ["By", (share) => name(share.owner)],
    ["State", (share) => badge(words[share.state] || share.state, states[share.state])],
    ["Plays", (share) => (share.plays_limit ? `${share.plays} of ${share.plays_limit}` : share.plays), "number"],
    ["Last use", (share) => ago(share.used_at)],
    ["Until", (share) => (share.expires_at ? moment(share.expires_at) : "it is revoked")],
    ["Allows", allows],
    ["", (share) => share.state !== "revoked" && h("button", { type: "button", class: "small danger", "aria-label": `Revoke the share of ${share.item.name}`, onclick: () => revoke(share) }, "Revoke")],
  ], entries);
}

await page(load);
