// Subtitles: the browser's tracks, with languages by name; the choice is kept for the next video.

import { h } from "../dom.js";

const KEPT = "reelgate-subtitles";
const languages = new Intl.DisplayNames(undefined, { type: "language", fallback: "none" });

function nameOf(track) {
  if (track.label === "default") return "On";
  try {
    return languages.of(track.label) || track.label;
  } catch {
    return track.label;
  }
}

const all = (video) => [...video.textTracks].filter((track) => track.kind === "subtitles");
const shown = (video) => all(video).findIndex((track) => track.mode === "showing");

function choose(video, at) {
  all(video).forEach((track, index) => {
    track.mode = index === at ? "showing" : "disabled";
  });
  localStorage.setItem(KEPT, all(video)[at]?.label || "");
}

export function nextSubtitles(video) {
  const tracks = all(video);
  if (!tracks.length) return "No subtitles";
  const at = shown(video) + 1;
  choose(video, at < tracks.length ? at : -1);
  return at < tracks.length ? `Subtitles: ${nameOf(tracks[at])}` : "Subtitles off";
}

export function subtitlesMenu(video) {
  const tracks = all(video);
  if (!tracks.length) return null;
  const options = [h("option", { value: "-1" }, "Off"), ...tracks.map((track, index) => h("option", { value: String(index) }, nameOf(track)))];
  const menu = h("select", { onchange: () => choose(video, Number(menu.value)) }, options);
  const tell = () => {
    menu.value = String(shown(video));
  };
  const kept = localStorage.getItem(KEPT);
  const at = kept ? tracks.findIndex((track) => track.label === kept) : -1;
  if (at >= 0) choose(video, at);
  video.textTracks.addEventListener("change", tell);
  tell();
  return h("label", { class: "setting" }, "Subtitles", menu);
}
