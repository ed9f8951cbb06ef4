// Where somebody stopped: kept on the server while they watch, and taken up again.

import { call, part } from "../api.js";
import { fill, h } from "../dom.js";
import { duration } from "../words.js";
import { ready } from "./ready.js";

const EVERY = 10;
const BEGINNING = 10;
// Credits are no place to go on from.
const ENDING = 0.95;

export async function keepPosition(video, id) {
  await ready(video);
  let kept = video.currentTime;
  const keep = (at) => {
    if (at === kept) return;
    kept = at;
    call("PUT", `/items/${part(id)}/position`, { body: { at_ms: Math.round(at * 1000) }, keepalive: true }).catch(() => {
      // The next one is soon, and who watches need not know.
    });
  };
  video.addEventListener("timeupdate", () => !video.seeking && Math.abs(video.currentTime - kept) >= EVERY && keep(video.currentTime));
  video.addEventListener("pause", () => keep(video.ended ? 0 : video.currentTime));
  video.addEventListener("ended", () => keep(0));
  addEventListener("pagehide", () => video.played.length > 0 && keep(video.ended ? 0 : video.currentTime));
}

export async function resume(video, line, milliseconds) {
  const at = (milliseconds || 0) / 1000;
  await ready(video);
  const isWorthIt = at >= BEGINNING && at < video.duration * ENDING && video.currentTime < BEGINNING;
  if (!isWorthIt) return;
  video.currentTime = at;
  const restart = () => {
    video.currentTime = 0;
    fill(line);
    video.focus();
  };
  fill(line, h("span", {}, `Resumed at ${duration(at * 1000)}`), " · ", h("button", { type: "button", class: "link", onclick: restart }, "Start over"));
}
