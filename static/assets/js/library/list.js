// A list of films that grows as somebody scrolls, and costs the browser only what is on the screen.
//
// 1. Films stand in chunks of 60, which every number of columns from 1 to 5 divides, so that chunks end with their last
//    line and their height is known before anything is in them.
// 2. A chunk gets its films when it comes near the screen, and loses them when it has gone far away again: ten thousand
//    films are some hundred thousand elements.
// 3. The browser skips what is not on the screen (content-visibility).

import { fill, h } from "../dom.js";
import { failed } from "../notice.js";
import { film, skeleton } from "./cards.js";

const CHUNK = 60;
const LATER = 180;
const NEAR = { rootMargin: "1500px" };

export function filmList(element, more) {
  let state = null;

  const columnsOf = (chunk) => getComputedStyle(chunk).gridTemplateColumns.split(" ").length;

  const setLines = (chunk, columns) => chunk.style.setProperty("--lines", Math.ceil(state.parts.get(chunk).length / columns));

  // Films of one list are of one height, which the first one tells.
  const measure = () => {
    const first = element.querySelector(".film");
    if (!first || !state) return;
    const chunk = first.closest(".chunk");
    const gap = parseFloat(getComputedStyle(chunk).rowGap);
    state.columns = columnsOf(chunk);
    element.style.setProperty("--line", `${first.getBoundingClientRect().height + gap}px`);
    for (const each of state.parts.keys()) setLines(each, state.columns);
  };

  const populate = (chunk) => {
    if (chunk.firstChild) return;
    chunk.append(...state.parts.get(chunk).map((item) => film(item, state.showsPlace)));
  };

  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!state?.parts.has(target)) continue;
      if (isIntersecting) populate(target);
      else if (state.columns && !target.contains(document.activeElement)) fill(target);
    }
  }, NEAR);

  const append = (entries) => {
    for (let at = 0; at < entries.length; at += CHUNK) {
      const chunk = h("div", { class: "chunk" });
      state.parts.set(chunk, entries.slice(at, at + CHUNK));
      if (state.columns) setLines(chunk, state.columns);
      else populate(chunk);
      element.append(chunk);
      if (!state.columns) measure();
      near.observe(chunk);
    }
    state.count += entries.length;
  };

  const again = (problem) => {
    failed(problem);
    fill(more, h("button", { type: "button", onclick: loadMore }, "Load more"));
  };

  async function loadMore() {
    const mine = state;
    if (!mine?.next || mine.isLoading) return;
    mine.isLoading = true;
    fill(more, h("p", { class: "quiet" }, "Loading more…"));
    try {
      const page = await mine.fetchPage({ cursor: mine.next, limit: LATER });
      if (mine !== state) return;
      fill(more);
      mine.next = page.next;
      append(page.entries);
    } catch (problem) {
      if (mine === state && problem.name !== "AbortError") again(problem);
      return;
    } finally {
      mine.isLoading = false;
    }
    // What was appended may not reach below the screen, and then nothing more crosses its edge.
    end.unobserve(more);
    end.observe(more);
  }

  const end = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loadMore(), NEAR);
  new ResizeObserver(measure).observe(element);

  const forget = () => {
    end.disconnect();
    near.disconnect();
    state = null;
    fill(element);
    fill(more);
    element.removeAttribute("role");
  };

  return {
    wait: () => fill(element, skeleton()),
    count: () => state?.count || 0,
    // `fetchPage` answers a cursor and a limit; `first` is its first answer.
    show(first, fetchPage, showsPlace) {
      forget();
      state = { fetchPage, showsPlace, next: first.next, count: 0, columns: 0, parts: new Map(), isLoading: false };
      element.setAttribute("role", "list");
      element.classList.toggle("of-places", showsPlace);
      append(first.entries);
      if (state.next) end.observe(more);
    },
    // Until there are so many films, to come back to a place.
    async reach(count) {
      while (state?.next && state.count < count) {
        const before = state.count;
        await (state.isLoading ? new Promise((done) => setTimeout(done, 20)) : loadMore());
        if (state?.count === before && !state.isLoading) return;
      }
    },
    // The chunks on the screen are filled now, for somebody goes back to one of their films.
    populate() {
      for (const chunk of state?.parts.keys() || []) {
        const { top, bottom } = chunk.getBoundingClientRect();
        if (bottom > 0 && top < innerHeight) populate(chunk);
      }
    },
    clear: forget,
  };
}

export const FIRST = CHUNK;
