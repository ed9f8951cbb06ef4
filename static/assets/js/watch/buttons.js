// What can be done with the video: for everybody, and for who has an account.

import { part, post } from "../api.js";
import { fill, h } from "../dom.js";
import { icon } from "../icon.js";
import { busy, copyLater } from "../notice.js";
import { shareDialog } from "../share_form.js";
import { showKeys } from "./keys.js";
import { reportProblem } from "./report.js";
import { speedMenu } from "./speed.js";
import { subtitlesMenu } from "./subtitles.js";
import { showVerdict } from "./verdict.js";

function button(symbol, words, work, kind = "") {
  return h("button", { type: "button", class: kind || null, onclick: (event) => busy(event.currentTarget, work) }, icon(symbol), words);
}

// A token for this video alone, which ends by itself; never the account's.
const minted = (id, purpose, what) => copyLater(post(`/items/${part(id)}/links`, { for: purpose }), what);

async function switchPicture(video) {
  if (document.pictureInPictureElement) return document.exitPictureInPicture();
  // Where nothing is loaded before somebody wants to watch, there is no picture yet.
  if (video.readyState === HTMLMediaElement.HAVE_NOTHING) await video.play();
  return video.requestPictureInPicture();
}

function picture(video) {
  if (!document.pictureInPictureEnabled || !video.requestPictureInPicture) return null;
  return button("picture", "Picture in picture", () => switchPicture(video));
}

function ofAccount(item, source) {
  const download = new URL(source, location.origin);
  download.searchParams.set("download", "1");
  return h("div", { class: "group", role: "group", "aria-label": "Give it away" },
    button("share", "Share", () => shareDialog(item), "main"),
    button("code", "Copy video tag", () => minted(item.id, "video", "The video tag")),
    button("terminal", "Copy curl test", () => minted(item.id, "curl", "The curl command")),
    h("a", { class: "button", href: download.pathname + download.search, download: item.name }, icon("download"), "Download"));
}

export function buttons(element, video, item, hasAccount) {
  fill(element,
    h("div", { class: "group", role: "group", "aria-label": "Player" },
      speedMenu(video), subtitlesMenu(video), picture(video), button("keys", "Keys", showKeys)),
    hasAccount && ofAccount(item, video.getAttribute("src")),
    h("div", { class: "group", role: "group", "aria-label": "Help" },
      button("question", "Why won’t it play?", () => showVerdict(item.id), "plain"),
      button("flag", "Report a problem", () => reportProblem(video, item.id), "plain")));
}
