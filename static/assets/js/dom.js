// Elements from words. Text stays text: nothing here parses markup.

// h("button", { class: "main", type: "submit", onclick: save }, "Save", icon)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// What stands between backquotes is typed as it is: the server's words name commands and settings so.
export function coded(text) {
  const parts = String(text ?? "").split("`");
  // One alone is no pair.
  if (parts.length % 2 === 0) return [String(text)];
  return parts.map((words, index) => (index % 2 ? h("code", {}, words) : words));
}

export const find = (selector, within = document) => within.querySelector(selector);

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let next = 0;
export const freshId = (word) => `${word}-${(next += 1)}`;

// A labelled field: field("Name", h("input", { name: "name" }), "At most 64 letters.")
export function field(label, input, hint) {
  input.id ||= freshId("field");
  const parts = [h("label", { for: input.id }, label), input];
  if (hint) {
    const id = freshId("hint");
    input.setAttribute("aria-describedby", id);
    parts.push(h("p", { class: "hint", id }, hint));
  }
  return h("div", { class: "field" }, parts);
}

export function choice(label, input) {
  return h("label", { class: "choice" }, input, label);
}

// Rows of a table whose cells know their column, for phones. `columns`: [["Name", (row) => content, "number"?], ...]
export function table(caption, columns, rows) {
  const head = h("tr", {}, columns.map(([name, , kind]) => h("th", { scope: "col", class: kind || null }, name || h("span", { class: "only-read" }, "What can be done"))));
  const line = (row) =>
    h("tr", { "data-key": row.id || row.name || row.area }, columns.map(([name, cell, kind]) => h("td", { "data-label": name || null, class: kind || null }, h("span", {}, cell(row)))));
  return h("div", { class: "scrolls" },
    h("table", { class: "list" }, h("caption", { class: "only-read" }, caption), h("thead", {}, head), h("tbody", {}, rows.map(line))));
}

// What an empty list says: what this is, and what to do next.
export function empty(title, words, ...actions) {
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, coded(words)), actions);
}

// `after` milliseconds after the last call.
export function settled(work, after = 180) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), after);
  };
}
