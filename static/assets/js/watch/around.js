// What stands around the player: facts, the folder, the videos before and behind.

import { coded, fill, h } from "../dom.js";
import { icon } from "../icon.js";
import { containerOf, isolated, titleOf } from "../names.js";
import { addressOf, stepsTo } from "../library/place.js";
import { duration, moment, size } from "../words.js";

export function facts(item) {
  const picture = item.width && item.height && `${item.width} × ${item.height}`;
  const words = [duration(item.duration_ms), picture, containerOf(item.container), size(item.size), moment(item.modified_at)];
  const state = { recording: ["live", "Recording: the end grows"], broken: ["bad", "Broken"] }[item.state];
  const why = item.state === "broken" && item.note;
  return [words.filter(Boolean).join(" · "), state && h("span", { class: `badge ${state[0]}` }, state[1]), why && h("span", { class: "why" }, coded(why))];
}

export function path(element, item) {
  if (!item.library) return;
  const steps = stepsTo({ library: item.library, below: item.folder || "", sort: "" });
  fill(element, h("ol", { class: "path" }, steps.map((step) => h("li", {}, h("a", { href: addressOf(step.place) }, isolated(step.name))))));
  element.hidden = false;
}

const way = (beside, words, symbol) =>
  beside && h("a", { class: `way ${symbol}`, href: `/watch/${beside.id}` }, icon(symbol), h("span", { class: "hint" }, words), h("span", { class: "title", dir: "auto" }, titleOf(beside.name)));

export function neighbours(element, { previous, next }) {
  if (!previous && !next) return;
  fill(element, h("nav", { class: "ways", "aria-label": "In this folder" }, way(previous, "Previous", "before"), way(next, "Next", "after")));
}

// At the end nothing starts by itself; the way on is offered.
export function ending(video, place, { next }) {
  const again = () => {
    fill(place);
    video.currentTime = 0;
    video.play().catch(() => {});
    video.focus();
  };
  video.addEventListener("ended", () =>
    fill(place, h("div", { class: "ending" },
      h("p", {}, "The end."),
      h("div", { class: "actions" },
        next && h("a", { class: "button main", href: `/watch/${next.id}` }, "Next: ", isolated(titleOf(next.name))),
        h("button", { type: "button", onclick: again }, icon("again"), "Watch again")))));
  video.addEventListener("play", () => fill(place));
}
