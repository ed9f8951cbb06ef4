// Where the focus goes when what had it is drawn anew or is gone: to the same control, to that of the row that took its
// row's place, or to the heading above.

import { find } from "./dom.js";

const CONTROLS = "a[href], button, input, select, textarea, summary";

const isShown = (element) => element.checkVisibility?.() ?? true;
const controlsOf = (element) => [...element.querySelectorAll(CONTROLS)].filter((control) => !control.disabled && isShown(control));
const wordsOf = (control) => control.ariaLabel || control.labels?.[0]?.textContent || control.textContent;

function rowOf(element) {
  const row = element.closest("tbody > tr");
  if (!row) return null;
  const table = row.closest("table");
  return { key: row.dataset.key, index: row.sectionRowIndex, caption: table.caption?.textContent, at: controlsOf(row).indexOf(element) };
}

// A description of where the focus is; it outlives the element.
export function placeOf(element) {
  if (!element || element === document.body) return null;
  const all = controlsOf(find("main"));
  return {
    element,
    words: wordsOf(element),
    kind: element.localName,
    row: rowOf(element),
    at: all.indexOf(element),
    count: all.length,
    heading: find("h2", element.closest("section") || document.createElement("section")),
  };
}

function inTable({ row, words }) {
  const table = [...document.querySelectorAll("main table")].find(({ caption }) => caption?.textContent === row.caption);
  const rows = [...(table?.tBodies[0].rows || [])];
  const own = row.key && rows.find(({ dataset }) => dataset.key === row.key);
  const from = own ? own.sectionRowIndex : row.index;
  const near = [...rows.slice(from), ...rows.slice(0, from).reverse()];
  for (const one of near) {
    const controls = controlsOf(one);
    const same = one === own && controls.find((control) => wordsOf(control) === words);
    const found = same || controls[row.at] || controls[0];
    if (found) return found;
  }
  return null;
}

function onPage({ words, kind, at, count }) {
  const all = controlsOf(find("main"));
  return all.find((control) => control.localName === kind && wordsOf(control) === words) || (all.length === count ? all[at] : null);
}

export function restore(place) {
  if (!place) return;
  const stays = place.element.isConnected && isShown(place.element) && !place.element.closest("[inert]");
  const target = stays ? place.element : place.row ? inTable(place) : onPage(place);
  if (target) {
    target.focus();
    return;
  }
  const heading = place.heading?.isConnected ? place.heading : find("main h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}

// Draws `element` anew; what had the focus in it has it again.
export function keepFocus(element, draw) {
  const place = element.contains(document.activeElement) ? placeOf(document.activeElement) : null;
  draw();
  if (place && !place.element.isConnected) restore(place);
}
