// A text to take along: it is shown, and a button copies it.

import { h } from "./dom.js";
import { icon } from "./icon.js";
import { copy } from "./notice.js";

// A line for an address, more for what is longer than one.
function shown(text, label) {
  const more = { readonly: true, class: "code", "aria-label": label, value: text, onfocus: (event) => event.target.select() };
  return text.includes(" ") ? h("textarea", { ...more, rows: Math.min(4, 1 + Math.floor(text.length / 48)) }) : h("input", more);
}

// copyable("The link", url, { label: bdi, suffix: " for Ada" }): `what` is said when it is copied.
export function copyable(what, text, { label = what, suffix = "" } = {}) {
  const called = what[0].toLowerCase() + what.slice(1);
  return h("div", { class: "copyable" },
    h("div", { class: "label" }, label),
    h("div", { class: "copying" }, shown(text, `${what}${suffix}`),
      h("button", { type: "button", "aria-label": `Copy ${called}${suffix}`, onclick: () => copy(text, what) }, icon("copy"), "Copy")));
}
