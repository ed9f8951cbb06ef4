// How fast it plays; kept for the next video of this tab.

import { h } from "../dom.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const KEPT = "reelgate-speed";
const words = (speed) => (speed === 1 ? "Normal" : `${speed}×`);

function set(video, speed) {
  // A new source goes back to the default.
  video.defaultPlaybackRate = speed;
  video.playbackRate = speed;
}

export function faster(video, step) {
  const at = SPEEDS.findIndex((speed) => speed >= video.playbackRate);
  const speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? SPEEDS.length : at) + step))];
  set(video, speed);
  return speed === 1 ? "Normal speed" : `${speed}×`;
}

export function speedMenu(video) {
  const menu = h("select", { onchange: () => set(video, Number(menu.value)) }, SPEEDS.map((speed) => h("option", { value: String(speed) }, words(speed))));
  video.addEventListener("ratechange", () => {
    menu.value = String(video.playbackRate);
    sessionStorage.setItem(KEPT, menu.value);
  });
  const kept = Number(sessionStorage.getItem(KEPT));
  set(video, SPEEDS.includes(kept) ? kept : 1);
  menu.value = String(video.playbackRate);
  return h("label", { class: "setting" }, "Speed", menu);
}
