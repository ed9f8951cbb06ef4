// Dialogs on the browser's own <dialog>: focus stays inside, Escape closes, focus goes back, also when what it was on has been drawn anew meanwhile.

import { coded, fill, find, freshId, h } from "./dom.js";
import { placeOf, restore } from "./focus.js";

// Where the focus was before each dialog.
const places = new WeakMap();

function open(title, content, buttons) {
  const id = freshId("title");
  const dialog = h("dialog", { "aria-labelledby": id }, h("h2", { id }, title), content, h("div", { class: "actions" }, buttons));
  const { activeElement } = document;
  // What opens out of a dialog that is about to go leads back behind it.
  const place = places.get(activeElement?.closest("dialog")) || placeOf(activeElement);
  places.set(dialog, place);
  dialog.addEventListener("close", () => {
    // What was said in it a moment ago is still to be read.
    find("#notices").append(...dialog.querySelectorAll(".notice"));
    dialog.remove();
    const isLost = !document.activeElement || document.activeElement === document.body;
    if (isLost && !document.querySelector("dialog[open]")) restore(place);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// A form in a dialog. `save(data, form)` gets FormData; what it throws is shown in the dialog, which stays open.
export function ask(title, fields, { action = "Save", save, danger = false } = {}) {
  const alert = h("p", { role: "alert", hidden: true });
  const form = h("form", { method: "dialog", novalidate: false }, fields, alert);
  form.id = freshId("form");
  const submit = h("button", { type: "submit", form: form.id, class: danger ? "danger" : "main" }, action);
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.ariaBusy === "true") return;
    submit.ariaBusy = "true";
    alert.hidden = true;
    try {
      await save(new FormData(form), form);
      dialog.close();
    } catch (problem) {
      fill(alert, coded([problem.message, problem.hint].filter(Boolean).join(" ")));
      alert.hidden = false;
    } finally {
      submit.ariaBusy = null;
    }
  });
  const dialog = open(title, form, [cancel, submit]);
  return dialog;
}

// Before something is lost.
export const confirm = (title, words, action, save) => ask(title, h("p", {}, words), { action, save, danger: true });

export function show(title, ...content) {
  const dialog = open(title, h("div", {}, content), [h("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Close")]);
  return dialog;
}

// A text to be copied; `words` say what it is good for.
export function showText(title, text, words = "") {
  const area = h("textarea", { readonly: true, "aria-label": title, class: "code", rows: 4, value: text });
  const dialog = show(title, words && h("p", {}, words), area);
  area.select();
  return dialog;
}
