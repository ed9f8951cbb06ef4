// The list of videos.

import { get } from "./api.js";
import { fill, find, h } from "./dom.js";
import { failed } from "./notice.js";

const { entries } = await get("/items").catch((problem) => (failed(problem), { entries: [] }));
fill(find("#library"), h("ul", {}, entries.map((item) => h("li", {}, h("a", { href: `/watch/${item.id}` }, item.name)))));
