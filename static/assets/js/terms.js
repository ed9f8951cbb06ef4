// One word for one thing, wherever it is shown.

import { h } from "./dom.js";
import { isolated, titleOf } from "./names.js";
import { ago, moment } from "./words.js";

export const STATES = {
  open: ["good", "Open"],
  over: ["", "Over"],
  used_up: ["", "Used up"],
  revoked: ["bad", "Revoked"],
  closed: ["good", "Closed"],
  active: ["good", "Active"],
  disabled: ["warning", "Disabled"],
  deleted: ["bad", "Deleted"],
};

export function stateBadge(state, kind = STATES[state]?.[0] ?? "") {
  return h("span", { class: `badge ${kind}` }, STATES[state]?.[1] ?? state);
}

// Kinds of tokens.
export const KINDS = { media: "Media", api: "API", legacy: "Legacy" };
export const KIND_HINTS = {
  media: "Plays videos, and may stand in an address: players, <video> tags, televisions.",
  api: "Does what its user may do, in the Authorization header only: programs.",
};

const LASTS = [["1h", "1 hour"], ["1d", "1 day"], ["7d", "7 days"], ["30d", "30 days"], ["365d", "1 year"], ["", "Until revoked"]];

export const lastsMenu = (chosen) =>
  h("select", { name: "lasts" }, LASTS.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));

// When something ends, for a column.
export const ends = ({ expires_at: at }) => (at ? h("time", { datetime: at, title: moment(at) }, ago(at)) : "when revoked");

// A video by its name, where the reader may see it.
export function video({ id, name }) {
  return name ? h("a", { href: `/watch/${id}` }, isolated(titleOf(name))) : "A video that is gone";
}

// What a token opens.
export function opens({ scope, item }) {
  if (item) return video(item);
  return scope === "all" || scope === "/" ? "All that its user may see" : isolated(scope);
}
