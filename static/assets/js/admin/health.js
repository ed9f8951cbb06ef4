// Is the server well?

import { get } from "../api.js";
import { coded, h } from "../dom.js";
import { ago, count, duration, moment, size } from "../words.js";
import { badge, every, facts, page } from "./common.js";

const words = { good: ["well", "good"], note: ["worth knowing", "warning"], bad: ["needs care", "bad"] };
// What is well and still has advice is worth knowing.
const stateOf = ({ ok, cure }) => (ok ? (cure ? "note" : "good") : "bad");
const worst = (checks) => ["bad", "note", "good"].find((state) => checks.some((check) => stateOf(check) === state)) || "good";

function figures(status) {
  const all = [
    ["Streams now", status.streams], ["Connections", status.connections], ["Videos", status.items],
    ["Broken", status.broken], ["Users", status.users], ["Sent", size(status.bytes_sent)],
  ];
  return h("dl", { class: "figures" }, all.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value.toLocaleString()))));
}

function check(one) {
  const { name, said, cure } = one;
  const state = stateOf(one);
  const [word, kind] = words[state];
  return h("li", { class: state }, h("strong", {}, name), " ", badge(word, kind), h("p", {}, coded(said)), cure && h("p", {}, coded(cure)));
}

async function load() {
  const status = await get("/status");
  const state = worst(status.checks);
  const summary = {
    good: "Everything that was looked at is well.",
    note: "It works; something below is worth knowing.",
    bad: "Something below needs care.",
  }[state];
  const waiting = status.unexamined ? `${count(status.unexamined, "video is", "videos are")} still to be examined.` : "";
  return [
    h("p", {}, summary, " ", waiting),
    figures(status),
    h("h2", {}, "Checks"),
    h("ul", { class: "checks" }, status.checks.map(check)),
    h("h2", {}, "This server"),
    facts(
      ["Version", status.version],
      ["Running since", `${moment(status.started_at)} (${ago(status.started_at)}, ${duration(status.uptime_seconds * 1000)})`],
      ["Database", status.database.ok ? `answers, ${size(status.database.size)}` : badge("does not answer", "bad")],
      ["Libraries", status.libraries.toLocaleString()],
    ),
    h("p", { class: "hint" }, "For monitoring: /healthz, /readyz and /metrics."),
  ];
}

await page(load);
every(10, load);
