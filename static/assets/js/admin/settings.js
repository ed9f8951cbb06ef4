// How the server is set, area by area, and where each value comes from.

import { get, part } from "../api.js";
import { coded, find, h, table } from "../dom.js";
import { badge, named, page } from "./common.js";

const areas = { general: "General", library: "Libraries", access: "Access", playback: "Playback", network: "Network", limits: "Limits", log: "Log" };

const source = (setting) => (setting.source === "default" ? h("span", { class: "hint" }, "default") : setting.source);

const rows = (caption, entries) => table(caption, [
  ["Setting", (setting) => h("code", {}, setting.key)],
  ["Value", (setting) => (setting.value === "" ? h("span", { class: "hint" }, "not set") : h("code", {}, setting.value))],
  ["From", source],
  ["What it does", (setting) => coded(setting.description)],
], entries);

function features(all) {
  return h("ul", { class: "checks" }, all.map((feature) => {
    const title = feature.on ? h("a", { href: `/admin/settings/${part(feature.name)}` }, feature.name) : h("strong", {}, feature.name);
    return h("li", { class: feature.on ? "" : "off" }, title, " ", badge(feature.on ? "on" : "off", feature.on ? "good" : ""), h("p", {}, coded(feature.why)));
  }));
}

async function overview() {
  const settings = await get("/settings");
  const groups = Object.entries(areas).map(([area, title]) => [title, settings.entries.filter((setting) => setting.area === area)]);
  return [
    h("p", {}, "Settings are read at the start: a flag wins over the environment, that over ", h("code", {}, "reelgate.toml"), ", that over the default. ", h("code", {}, "reelgate config check"), " tries a change out."),
    h("h2", {}, "Features"), features(settings.features),
    groups.filter(([, entries]) => entries.length).map(([title, entries]) => [h("h2", {}, title), rows(title, entries)]).flat(),
  ];
}

async function feature(wanted) {
  const settings = await get("/settings");
  const found = settings.features.find((feature) => feature.name === wanted && feature.on);
  if (!found) return [h("p", {}, "This feature is off, so there is nothing to see."), h("p", {}, h("a", { href: "/admin/settings" }, "All settings"))];
  find("h1").textContent = `Settings: ${found.name}`;
  const own = settings.entries.filter((setting) => setting.feature === wanted);
  return [h("p", {}, coded(found.why)), rows(found.name, own), h("p", {}, h("a", { href: "/admin/settings" }, "All settings"))];
}

await page(() => (named() ? feature(named()) : overview()));
