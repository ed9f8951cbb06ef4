// Links that somebody without an account may open.

import { get, part, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { ends, stateBadge, video } from "../terms.js";
import { ago } from "../words.js";
import { name, page } from "./common.js";

function revoke(share) {
  confirm("Revoke this link?", `The link${share.name ? ` for ${share.name}` : ""} opens nothing any more; what is being watched with it ends within seconds.`, "Revoke", async () => {
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
    ["Video", (share) => video(share.item)],
    ["For", (share) => name(share.name || "Anybody with the link")],
    ["By", (share) => name(share.owner)],
    ["State", (share) => stateBadge(share.state)],
    ["Plays", (share) => (share.plays_limit ? `${share.plays} of ${share.plays_limit}` : share.plays), "number"],
    ["Last use", (share) => ago(share.used_at)],
    ["Ends", ends],
    ["Allows", allows],
    ["", (share) => share.state !== "revoked" && h("button", { type: "button", class: "small danger", "aria-label": `Revoke the link for ${share.name || "anybody"}`, onclick: () => revoke(share) }, "Revoke")],
  ], entries);
}

await page(load);
