// A film and a folder in the list.

import { coded, h } from "../dom.js";
import { icon } from "../icon.js";
import { containerOf, folderOf, titleOf } from "../names.js";
import { count, duration, size } from "../words.js";
import { addressOf } from "./place.js";

const HARMLESS = ["plays", "after repair", "", null, undefined];

function badge(item) {
  if (item.state === "recording") return h("span", { class: "badge live" }, "Recording");
  if (item.state === "broken") return h("span", { class: "badge bad" }, "Broken");
  if (HARMLESS.includes(item.plays)) return null;
  if (item.plays === "in none") return h("span", { class: "badge bad" }, "Plays in no browser");
  return h("span", { class: "badge warning" }, item.plays[0].toUpperCase() + item.plays.slice(1));
}

// As many as the style has.
const HUES = 7;
// The same video has the same colour wherever it stands.
const hueOf = (id) => [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 0) % HUES;

function placeholder({ id, name }) {
  const initial = titleOf(name).match(/[\p{L}\p{N}]/u)?.[0].toLocaleUpperCase();
  return h("span", { class: `initial hue-${hueOf(id)}`, "aria-hidden": "true" }, initial || icon("film"));
}

function cover(item) {
  const picture = item.poster
    ? h("img", { src: item.poster, alt: "", loading: "lazy", decoding: "async", onerror: (event) => event.target.replaceWith(placeholder(item)) })
    : placeholder(item);
  const length = duration(item.duration_ms);
  return h("span", { class: "cover" }, picture, badge(item), length && h("span", { class: "length" }, h("span", { class: "only-read" }, "Length "), length));
}

function facts(item) {
  if (item.state === "broken" && item.note) return item.note;
  return [item.height && `${item.height}p`, containerOf(item.container), size(item.size)].filter(Boolean).join(" · ");
}

// `showsPlace`: the list is of more than one folder.
export function film(item, showsPlace) {
  const place = [item.library, folderOf(item.path)].filter(Boolean).join("/");
  const about = facts(item);
  const isBroken = item.state === "broken";
  return h("div", { role: "listitem" },
    h("a", { class: isBroken ? "film broken" : "film", href: `/watch/${item.id}`, "data-id": item.id, title: item.name },
      cover(item),
      h("span", { class: "words" },
        h("span", { class: "title", dir: "auto" }, titleOf(item.name)),
        showsPlace && h("span", { class: "place", dir: "auto" }, place),
        h("span", { class: "about", title: about.replaceAll("`", "") }, coded(about)))));
}

export function folder(entry, place, symbol = "folder") {
  return h("li", {},
    h("a", { class: "folder", href: addressOf(place) },
      icon(symbol),
      h("span", { class: "title", dir: "auto" }, entry.name),
      h("span", { class: "about" }, count(entry.items, "video", "videos"))));
}

export const skeleton = () =>
  h("div", { class: "chunk", "aria-hidden": "true" }, Array.from({ length: 10 }, () => h("div", { class: "waiting" }, h("span", { class: "cover" }))));
