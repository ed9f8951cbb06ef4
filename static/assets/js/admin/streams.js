// What is being sent just now, and to whom.

import { get, part, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { video } from "../terms.js";
import { ago, size } from "../words.js";
import { every, name, page } from "./common.js";

const kinds = { user: "logged in", token: "by token", share: "by share", link: "by signed link" };

function progress({ from, sent, size: whole }) {
  const at = Math.min(whole, from + sent);
  const share = whole ? Math.round((100 * at) / whole) : 0;
  return [h("progress", { max: 100, value: share, "aria-label": `${share} % of the file` }), ` ${share} % · ${size(sent)} sent`];
}

function cut(stream) {
  const words = `${stream.who || "This viewer"} loses the connection at once. The right to watch stays: revoke the token, share or grant to end that too.`;
  confirm("Cut this stream?", words, "Cut", async () => {
    await remove(`/streams/${part(stream.id)}`);
    notice("The stream is cut.");
    await page(load);
  });
}

async function load() {
  const { entries } = await get("/streams");
  if (!entries.length) return empty("Nobody is watching", "Who watches, what, and how far they are appears here while it is being sent. A player that has buffered enough takes nothing for a while.");
  return table("Running streams", [
    ["Who", (stream) => [name(stream.who || "somebody"), " ", h("span", { class: "hint" }, kinds[stream.by] || stream.by)]],
    ["What", (stream) => video(stream.item)],
    ["How far", progress],
    ["From", (stream) => `${stream.program}, ${stream.network}`],
    ["Since", (stream) => ago(stream.since)],
    ["", (stream) => h("button", { type: "button", class: "small danger", "aria-label": `Cut the stream of ${stream.who || "this viewer"}`, onclick: () => cut(stream) }, "Cut")],
  ], entries);
}

await page(load);
every(3, load);
