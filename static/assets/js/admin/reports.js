// What did not play, as viewers reported it.

import { get, part, patch, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { empty, field, find, h, table } from "../dom.js";
import { busy, copy, notice } from "../notice.js";
import { ago, moment } from "../words.js";
import { stateBadge } from "../terms.js";
import { facts, name, named, page } from "./common.js";

let wanted = "open";

async function all() {
  const { entries } = await get("/reports", { state: wanted });
  const filter = h("select", { onchange: (event) => { wanted = event.target.value; page(load); } },
    [["open", "Open"], ["closed", "Closed"], ["", "All"]].map(([value, text]) => h("option", { value, selected: value === wanted }, text)));
  const bar = h("div", { class: "toolbar" }, field("Show", filter));
  if (!entries.length) return [bar, empty(wanted === "open" ? "No open reports" : "No reports", "Whoever watches finds Report a problem below the video. What the player and the server know comes with it.")];
  return [bar, table("Problem reports", [
    ["Video", (report) => h("a", { href: `/admin/reports/${part(report.id)}` }, name(report.title))],
    ["By", (report) => name(report.user || "a link's viewer")],
    ["Browser", (report) => report.browser],
    ["Error", (report) => report.error || "none said"],
    ["State", (report) => stateBadge(report.state, report.state === "open" ? "warning" : "good")],
    ["When", (report) => ago(report.created_at)],
  ], entries)];
}

async function one(id) {
  const report = await get(`/reports/${part(id)}`);
  find("h1").textContent = `Report: ${report.title}`;
  const close = async (event) => busy(event.currentTarget, async () => {
    await patch(`/reports/${part(id)}`, { state: report.state === "open" ? "closed" : "open" });
    await page(load);
  });
  const erase = () => confirm("Delete this report?", "It is gone for good.", "Delete", async () => {
    await remove(`/reports/${part(id)}`);
    notice("Deleted.");
    location.assign("/admin/reports");
  });
  return [
    facts(
      ["State", stateBadge(report.state, report.state === "open" ? "warning" : "good")],
      ["Video", report.item ? h("a", { href: `/watch/${report.item}` }, name(report.title)) : name(report.title)],
      ["By", report.user || "a link's viewer"], ["When", moment(report.created_at)],
      ["Browser", report.browser], ["Player's error", report.error],
    ),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "main", onclick: () => copy(report.markdown, "The report") }, "Copy as Markdown"),
      h("button", { type: "button", onclick: close }, report.state === "open" ? "Close" : "Open again"),
      h("button", { type: "button", class: "danger", onclick: erase }, "Delete")),
    h("h2", {}, "What happened"),
    h("p", {}, report.steps || "Nothing was written."),
    h("h2", {}, "All that is known"),
    h("pre", { tabindex: "0", role: "region", "aria-label": "The report as Markdown" }, report.markdown),
    h("p", {}, h("a", { href: "/admin/reports" }, "All reports")),
  ];
}

const load = () => (named() ? one(named()) : all());
await page(load);
