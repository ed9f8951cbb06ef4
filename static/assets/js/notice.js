// What happened, said once: shown for a while, and read out by screen readers.

import { coded, find, h } from "./dom.js";

// What lies behind an open dialog is neither seen nor read out.
function place() {
  const dialog = find("dialog[open]");
  if (!dialog) return find("#notices");
  const own = find(".notices", dialog) || h("div", { class: "notices", role: "status", "aria-live": "polite" });
  if (!own.isConnected) dialog.append(own);
  return own;
}

export function notice(text, kind = "") {
  const line = h("div", { class: `notice ${kind}` }, coded(text));
  place().append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 10000 : 4000);
}

export function failed(problem) {
  if (problem.name === "AbortError") return;
  notice([problem.message, problem.hint].filter(Boolean).join(" "), "bad");
}

// Runs what a button does; it cannot be pressed twice meanwhile. It is not disabled, for then it would lose the focus.
export async function busy(button, work) {
  if (button.ariaBusy === "true") return undefined;
  button.ariaBusy = "true";
  try {
    return await work();
  } catch (problem) {
    failed(problem);
    return undefined;
  } finally {
    button.ariaBusy = null;
  }
}

// Without HTTPS browsers have no clipboard; then the text is shown to be copied by hand.
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notice(`${what} is copied.`);
  } catch {
    const { showText } = await import("./dialog.js");
    showText(what, text);
  }
}

// The text comes from the server: the clipboard is asked for at once, for browsers give it only right after a click.
export async function copyLater(promise, what) {
  const text = promise.then(({ text }) => text);
  try {
    const blob = text.then((words) => new Blob([words], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    notice(`${what} is copied.`);
  } catch {
    await copy(await text, what);
  }
}
