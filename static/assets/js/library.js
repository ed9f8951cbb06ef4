// The library: folders, films, search. The address says where somebody is; Back restores the place.

import { get } from "./api.js";
import { empty, fill, find, h, settled } from "./dom.js";
import { icon } from "./icon.js";
import { arrows } from "./library/arrows.js";
import { folder } from "./library/cards.js";
import { FIRST, filmList } from "./library/list.js";
import { addressOf, placeOf, stepsTo } from "./library/place.js";
import { isolated, lastOf } from "./names.js";
import { count } from "./words.js";

const RECENT = 10;
const [words, sort, form] = [find("#words"), find("#sort"), find("#search")];
const [heading, found, folders] = [find("#here"), find("#found"), find("#folders")];
const films = filmList(find("#films"), find("#more"));
const isAdmin = Boolean(find('.bar a[href="/admin"]'));
let libraries = [];
let place = placeOf(location.search);
let running = new AbortController();

// With one library, its folders are the beginning.
const isHome = () => !place.library && libraries.length !== 1;
const libraryHere = () => place.library || (libraries.length === 1 ? libraries[0].name : "");
const isFlat = () => Boolean(place.q) || (isHome() && Boolean(place.sort));

function drawPath() {
  const library = libraryHere();
  const steps = stepsTo({ ...place, library });
  if (libraries.length > 1 && library) steps.unshift({ name: "All libraries", place: { library: "", below: "", sort: place.sort } });
  const last = steps.at(-1);
  const line = (step) => h("li", {}, h("a", { href: addressOf({ ...step.place, library: step.place.library && place.library ? step.place.library : "" }) }, isolated(step.name)));
  fill(find("#path"), steps.filter((step) => step !== last || place.q).map(line));
  const name = last?.name || "Library";
  fill(heading, place.q ? ["Results in ", isolated(last ? name : "all libraries")] : isolated(place.library || place.below ? name : "Library"));
  document.title = `${place.q ? `“${place.q}” in ` : ""}${name} · reelgate`;
}

function drawFolders(entries) {
  const symbol = isHome() ? "library" : "folder";
  const inside = (entry) =>
    isHome()
      ? { library: entry.name, below: "", sort: place.sort }
      : { library: libraryHere(), below: entry.path, sort: place.sort };
  fill(folders, entries.length > 0 && h("ul", { class: "folders" }, entries.map((entry) => folder({ ...entry, name: entry.name || lastOf(entry.path) }, inside(entry), symbol))));
}

function nothing() {
  if (place.q) {
    const clear = h("button", { type: "button", onclick: () => search("") }, "Clear the search");
    const wider = place.library && h("a", { class: "button", href: addressOf({ q: place.q }) }, "Search everywhere");
    return empty(`No video matches “${place.q}”`, "Every word must occur in the name or the folder of a video. Try fewer or shorter words.", h("div", { class: "actions centred" }, clear, wider));
  }
  if (libraries.length === 0) {
    return isAdmin
      ? empty("No videos yet", "Start the server with a folder of videos (reelgate serve DIR), or put videos into it. If there are some, grant yourself what you want to watch.", h("a", { class: "button main", href: "/admin/users" }, "Users and grants"))
      : empty("Nothing is shared with you yet", "An administrator decides which folders you see. Ask for a grant, then reload this page.");
  }
  return empty("This folder is empty", "Videos that are put into it show up here by themselves.", h("a", { class: "button", href: "/" }, "To the library"));
}

function say({ folders: inside = [], total }) {
  if (place.q) return total ? `${count(total, "video matches", "videos match")} “${place.q}”` : "";
  if (isHome() && !place.sort) return inside.length ? count(inside.reduce((sum, one) => sum + one.items, 0), "video", "videos") : "";
  return [total > 0 && count(total, "video", "videos"), inside.length > 0 && count(inside.length, "folder", "folders")].filter(Boolean).join(" and ");
}

function fetcher(signal) {
  const fixed = { library: libraryHere(), below: place.below, q: place.q, sort: place.sort };
  if (!isFlat()) fixed.folders = 1;
  return (part) => get("/items", { ...fixed, ...part }, signal);
}

function draw(page, fetchPage, recent) {
  const inside = page.folders || [];
  drawPath();
  drawFolders(isFlat() ? [] : inside);
  const shown = recent || page;
  if (shown.entries.length) films.show(recent ? { entries: recent.entries, next: null } : page, fetchPage, isFlat() || Boolean(recent));
  else films.clear();
  if (recent?.entries.length) find("#films").before(h("h2", { id: "recent" }, "Newest videos"));
  if (!shown.entries.length && !inside.length) fill(find("#more"), nothing());
  found.textContent = say(page);
}

function wentWrong(problem) {
  drawPath();
  films.clear();
  fill(folders);
  found.textContent = "";
  find("#recent")?.remove();
  const again = h("button", { type: "button", class: "main", onclick: () => show() }, "Try again");
  fill(find("#more"), empty("The list could not be loaded", [problem.message, problem.hint].filter(Boolean).join(" "), again));
}

async function show(kept) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const fetchPage = fetcher(signal);
  try {
    const page = await fetchPage({ limit: FIRST });
    const wantsRecent = isHome() && !isFlat() && page.folders?.length;
    const recent = wantsRecent ? await get("/items", { sort: "newest", limit: RECENT }, signal) : null;
    find("#recent")?.remove();
    draw(page, fetchPage, recent);
    if (kept?.count) await films.reach(kept.count);
    if (kept) restore(kept);
  } catch (problem) {
    if (problem.name !== "AbortError") wentWrong(problem);
  }
}

function restore({ top, id }) {
  scrollTo(0, top || 0);
  films.populate();
  if (id) find(`.film[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

function keep() {
  const id = document.activeElement?.closest?.(".film")?.dataset.id || null;
  history.replaceState({ top: scrollY, count: films.count(), id }, "");
}

function fillForm() {
  words.value = place.q;
  sort.value = place.sort;
}

// `isNew`: Back shall lead to where somebody is now.
function go(to, isNew) {
  keep();
  place = to;
  history[isNew ? "pushState" : "replaceState"](null, "", addressOf(place));
  return show();
}

function search(text) {
  const wasEmpty = !place.q;
  words.value = text;
  return go({ ...place, q: text.trim() }, wasEmpty);
}

async function open(to) {
  await go(to, true);
  fillForm();
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

const typed = settled(() => words.value.trim() !== place.q && search(words.value));
words.addEventListener("input", typed);
words.addEventListener("keydown", (event) => event.key === "Escape" && (event.preventDefault(), search("")));
form.addEventListener("submit", (event) => (event.preventDefault(), search(words.value)));
sort.addEventListener("change", () => go({ ...place, sort: sort.value }, false));

document.addEventListener("keydown", (event) => {
  const types = event.target.closest?.("input, select, textarea, dialog");
  if (event.key !== "/" || types || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  words.select();
});

// Folders open without a new page; what opens elsewhere (another tab) does as always.
find("main").addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/?'], a[href='/']");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(placeOf(link.search));
});

addEventListener("popstate", (event) => {
  place = placeOf(location.search);
  fillForm();
  show(event.state || { top: 0 });
});
addEventListener("scroll", settled(keep, 150), { passive: true });
addEventListener("pagehide", keep);

history.scrollRestoration = "manual";
arrows(find("#films"));
form.prepend(icon("search"));
form.hidden = false;
fillForm();
films.wait();
const kept = history.state;
try {
  libraries = (await get("/libraries")).entries;
} catch (problem) {
  // The list says what is wrong.
}
await show(kept);
