// Links for guests in words.

import { h } from "./dom.js";

const STATES = { open: ["good", "Open"], over: ["", "Over"], used_up: ["", "Used up"], revoked: ["bad", "Revoked"] };

export function state(share) {
  const [kind, words] = STATES[share.state] || ["", share.state];
  return h("span", { class: `badge ${kind}` }, words);
}

export const played = ({ plays, plays_limit: limit }) => (limit ? `${plays} of ${limit}` : plays.toLocaleString());

export const nameOf = (share) => share.name || "Anybody with the link";
