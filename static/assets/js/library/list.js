// A list of films that grows as somebody scrolls, and costs the browser only what is on the screen.
//
// Films stand in chunks of 60, which every number of columns from 1 to 5 divides, so that chunks end with their last
// line. The browser skips what is far away (content-visibility), and knows its height from the number of lines.

import { fill, h } from "../dom.js";
import { failed } from "../notice.js";
import { film, skeleton } from "./cards.js";

const CHUNK = 60;
const LATER = 180;

export function filmList(element, more) {
  let state = null;

  const measure = () => {
    const first = element.querySelector(".film");
    if (!first) return;
    const style = getComputedStyle(first.closest(".chunk"));
    const columns = style.gridTemplateColumns.split(" ").length;
    element.style.setProperty("--line", `${first.offsetHeight + parseFloat(style.rowGap)}px`);
    for (const chunk of element.children) chunk.style.setProperty("--lines", Math.ceil(chunk.children.length / columns));
  };

  const append = (entries) => {
    for (let at = 0; at < entries.length; at += CHUNK) {
      const part = entries.slice(at, at + CHUNK).map((item) => film(item, state.showsPlace));
      element.append(h("div", { class: "chunk" }, part));
    }
    state.count += entries.length;
    measure();
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
    eye.unobserve(more);
    eye.observe(more);
  }

  const eye = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loadMore(), { rootMargin: "1500px" });
  new ResizeObserver(measure).observe(element);

  return {
    wait: () => fill(element, skeleton()),
    count: () => state?.count || 0,
    // `fetchPage` answers a cursor and a limit; `first` is its first answer.
    show(first, fetchPage, showsPlace) {
      eye.disconnect();
      state = { fetchPage, showsPlace, next: first.next, count: 0, isLoading: false };
      fill(element);
      fill(more);
      element.setAttribute("role", "list");
      element.classList.toggle("of-places", showsPlace);
      append(first.entries);
      if (state.next) eye.observe(more);
    },
    // Until there are so many films, to come back to a place.
    async reach(count) {
      while (state.next && state.count < count) {
        const before = state.count;
        await loadMore();
        if (state.count === before) return;
      }
    },
    clear() {
      element.removeAttribute("role");
      eye.disconnect();
      state = null;
      fill(element);
      fill(more);
    },
  };
}

export const FIRST = CHUNK;
