// How long links and tokens last.

import { h } from "./dom.js";
import { ago, moment } from "./words.js";

const LASTS = [["1d", "1 day"], ["7d", "7 days"], ["30d", "30 days"], ["365d", "1 year"], ["", "Until revoked"]];

export const lastsMenu = (chosen) =>
  h("select", { name: "lasts" }, LASTS.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));

export const end = ({ expires_at: at }) => (at ? h("time", { datetime: at, title: moment(at) }, ago(at)) : "when revoked");
