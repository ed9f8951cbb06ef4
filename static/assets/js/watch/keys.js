// The keyboard, as on other players. Keys do nothing while somebody types or chooses.

import { choice, fill, h } from "../dom.js";
import { show } from "../dialog.js";
import { duration } from "../words.js";
import { faster } from "./speed.js";
import { nextSubtitles } from "./subtitles.js";

const OFF = "reelgate-keys-off";
const percent = (part) => `${Math.round(part * 100)} %`;

function seek(video, to) {
  if (!Number.isFinite(video.duration)) return "";
  video.currentTime = Math.min(Math.max(to, 0), video.duration);
  return duration(video.currentTime * 1000);
}

function louder(video, step) {
  video.muted = false;
  video.volume = Math.min(1, Math.max(0, Math.round((video.volume + step) * 20) / 20));
  return `Volume ${percent(video.volume)}`;
}

function play(video) {
  if (video.paused) video.play().catch(() => {});
  else video.pause();
  return video.paused ? "Paused" : "";
}

function mute(video) {
  video.muted = !video.muted;
  return video.muted ? "Muted" : `Volume ${percent(video.volume)}`;
}

function fullscreen(video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (video.requestFullscreen) video.requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.();
  return "";
}

// Arrows up and down scroll the page unless the player has the focus.
const KEYS = [
  [[" ", "k"], "Play or pause", play],
  [["j"], "10 seconds back", (video) => seek(video, video.currentTime - 10)],
  [["l"], "10 seconds on", (video) => seek(video, video.currentTime + 10)],
  [["ArrowLeft"], "5 seconds back", (video) => seek(video, video.currentTime - 5)],
  [["ArrowRight"], "5 seconds on", (video) => seek(video, video.currentTime + 5)],
  [["ArrowUp"], "Louder (on the player)", (video) => louder(video, 0.05), true],
  [["ArrowDown"], "Quieter (on the player)", (video) => louder(video, -0.05), true],
  [["m"], "Sound off or on", mute],
  [["f"], "Full screen", fullscreen],
  [["c"], "Next subtitles", nextSubtitles],
  [["<"], "Slower", (video) => faster(video, -1)],
  [[">"], "Faster", (video) => faster(video, 1)],
];
const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

const isOff = () => localStorage.getItem(OFF) === "1";

export function showKeys() {
  const line = (keys, words) => h("tr", {}, h("th", { scope: "row" }, keys.map((key) => h("kbd", {}, NAMES[key] || key))), h("td", {}, words));
  const rows = [...KEYS.map(([keys, words]) => line(keys, words)), line(["0", "…", "9"], "To that tenth of the video"), line(["?"], "This list")];
  const on = h("input", { type: "checkbox", checked: !isOff(), onchange: (event) => localStorage.setItem(OFF, event.target.checked ? "0" : "1") });
  show("Keys of the player", h("table", { class: "keys" }, h("caption", { class: "only-read" }, "Keys"), h("tbody", {}, rows)), choice("Use these keys on this page", on));
}

function isForOthers(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  if (document.querySelector("dialog[open]")) return true;
  const { target } = event;
  if (target.closest("input, select, textarea, [contenteditable]")) return true;
  return event.key === " " && target.closest("button, a, summary");
}

export function keys(video, flash) {
  const say = (words) => {
    fill(flash, words);
    clearTimeout(say.timer);
    say.timer = setTimeout(() => fill(flash), 1200);
  };
  document.addEventListener("keydown", (event) => {
    if (isForOthers(event)) return;
    if (event.key === "?") return void (event.preventDefault(), showKeys());
    if (isOff()) return;
    const tenth = /^[0-9]$/.test(event.key) && Number(event.key);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const row = KEYS.find(([names]) => names.includes(key));
    const isOnPlayer = document.activeElement === video || document.fullscreenElement;
    if (tenth === false && (!row || (row[3] && !isOnPlayer))) return;
    // The browser's own controls must not do it a second time.
    event.preventDefault();
    event.stopPropagation();
    const words = tenth === false ? row[2](video) : seek(video, (video.duration * tenth) / 10);
    if (words) say(words);
  }, { capture: true });
}
