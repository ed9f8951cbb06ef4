// What the pages of the administration share.

import { coded, fill, find, h } from "../dom.js";
import { keepFocus } from "../focus.js";
import { failed } from "../notice.js";

const content = find("#content");

// Shows what `load` resolves to, or why it cannot be shown, with a way to try again.
export async function page(load) {
  content.setAttribute("aria-busy", "true");
  try {
    const loaded = await load();
    keepFocus(content, () => fill(content, loaded));
  } catch (problem) {
    const again = h("button", { type: "button", onclick: () => page(load) }, "Try again");
    const said = h("div", { role: "alert" }, h("p", {}, coded(problem.message)), problem.hint && h("p", {}, coded(problem.hint)));
    keepFocus(content, () => fill(content, said, again));
  }
  content.setAttribute("aria-busy", "false");
}

// Loads again while the page is looked at. Keeps what has the focus, and says nothing when nothing came.
export function every(seconds, load) {
  const again = async () => {
    if (!document.hidden && !content.contains(document.activeElement) && !find("dialog[open]")) {
      try {
        fill(content, await load());
      } catch (problem) {
        failed(problem);
      }
    }
    setTimeout(again, seconds * 1000);
  };
  setTimeout(again, seconds * 1000);
}

// The part of the address behind the area: /admin/users/ada → ada
export function named() {
  const name = location.pathname.split("/")[3];
  return name ? decodeURIComponent(name) : null;
}

export const facts = (...pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat());

export const badge = (word, kind = "") => h("span", { class: `badge ${kind}` }, word);

// File names may run from right to left.
export const name = (text) => h("bdi", {}, text);
