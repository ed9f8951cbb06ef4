// The doctor's verdict, in words.

import { get, part } from "../api.js";
import { coded, h } from "../dom.js";
import { show } from "../dialog.js";
import { failed } from "../notice.js";

const EFFECTS = {
  plays: ["good", "Plays"],
  repaired: ["good", "Plays: the server repairs it on the way"],
  degraded: ["warning", "Plays, with a drawback"],
  unknown: ["", "Not known"],
  "no-seek": ["warning", "Plays, but cannot seek"],
  fails: ["bad", "Does not play"],
};
const BROWSERS = { chrome: "Chrome, Edge, Chromium", chromium: "Chrome, Edge, Chromium", firefox: "Firefox", safari: "Safari, iPhone, iPad" };

function own() {
  const agent = navigator.userAgent;
  if (/Firefox\//.test(agent)) return ["firefox"];
  return /Chrom(e|ium)\//.test(agent) ? ["chrome", "chromium"] : ["safari"];
}

const badge = (effect) => h("span", { class: `badge ${EFFECTS[effect]?.[0] ?? ""}` }, EFFECTS[effect]?.[1] ?? effect);

function browsers(effects) {
  const mine = own();
  const rows = Object.entries(effects).sort(([one], [other]) => mine.includes(other) - mine.includes(one));
  return h("ul", { class: "verdict" }, rows.map(([name, effect]) =>
    h("li", {}, h("span", {}, BROWSERS[name] || name, mine.includes(name) && h("span", { class: "hint" }, " (this browser)")), badge(effect))));
}

// Two spaces set apart what is typed.
const isTyped = (cure) => /^(ffmpeg|reelgate) | {2}/.test(cure);

function rule({ severity, said, seen, cure }) {
  return h("li", {},
    h("p", {}, badge(severity)),
    h("p", {}, coded(said)),
    seen && h("p", { class: "hint" }, "Seen in the file: ", coded(seen), "."),
    cure && h("p", { class: "hint" }, "What helps:"),
    cure && (isTyped(cure) ? h("pre", { tabindex: "0" }, cure) : h("p", {}, coded(cure), ".")));
}

export async function showVerdict(id) {
  let verdict;
  try {
    verdict = await get(`/items/${part(id)}/verdict`);
  } catch (problem) {
    failed(problem);
    return;
  }
  const { browsers: effects, note, rules } = verdict;
  const isUnknown = !effects || !Object.keys(effects).length;
  show("Why won’t it play?",
    isUnknown ? h("p", {}, "This video has not been examined yet. Look again in a minute.") : browsers(effects),
    note && h("p", {}, coded(note)),
    rules.length > 0 && h("h3", {}, "What was found in the file"),
    rules.length > 0 && h("ul", { class: "rules" }, rules.map(rule)),
    !isUnknown && !rules.length && !note && h("p", {}, "Nothing is wrong with the file. If it does not play, the connection or a proxy may be the cause: report a problem."));
}
