// Who may watch, and what.

import { get, part, patch, post, put, remove } from "../api.js";
import { ask, confirm } from "../dialog.js";
import { coded, empty, field, fill, find, freshId, h, table } from "../dom.js";
import { notice } from "../notice.js";
import { KINDS, ends, opens, stateBadge } from "../terms.js";
import { ago, moment } from "../words.js";
import { facts, name, named, page } from "./common.js";

const areaHint = "LIBRARY, LIBRARY/FOLDER, or / for everything.";

const sees = (user) => (user.role === "admin" ? "everything" : user.areas.join(", ") || h("em", {}, "nothing yet"));

function areaInput(libraries, more = {}) {
  const id = freshId("areas");
  const list = h("datalist", { id }, libraries.map((library) => h("option", { value: library.name })));
  return [h("input", { name: "area", list: id, autocomplete: "off", spellcheck: "false", ...more }), list];
}

async function add() {
  const { entries: libraries } = await get("/libraries");
  const [area, list] = areaInput(libraries);
  ask("New user", [
    field("Name", h("input", { name: "name", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none" }), "Letters, digits and . _ - @ +"),
    field("Role", h("select", { name: "role" }, h("option", { value: "viewer" }, "Viewer: sees what is granted"), h("option", { value: "admin" }, "Admin: sees and changes everything"))),
    field("May watch", area, `${areaHint} More can be granted later.`), list,
    field("Password", h("input", { name: "password", type: "password", autocomplete: "new-password", minlength: 8 }), "At least 8 characters. Empty: no login, tokens only."),
  ], {
    action: "Add",
    save: async (data) => {
      const areas = data.get("area").trim() ? [data.get("area").trim()] : [];
      const user = await post("/users", { name: data.get("name").trim(), role: data.get("role"), areas, password: data.get("password") || undefined });
      notice(`${user.name} is there.`);
      await page(load);
    },
  });
}

async function all() {
  const { entries } = await get("/users");
  const button = h("button", { type: "button", class: "main", onclick: add }, "New user");
  const rows = table("Users", [
    ["Name", (user) => h("a", { href: `/admin/users/${part(user.name)}` }, name(user.name))],
    ["Role", (user) => user.role + (user.system ? ", system" : "")],
    ["State", (user) => stateBadge(user.state)],
    ["May watch", sees],
    ["Login", (user) => (user.password ? "password" : "none")],
    ["Tokens", (user) => user.tokens, "number"],
    ["Since", (user) => ago(user.created_at)],
  ], entries);
  return [h("div", { class: "toolbar" }, button), entries.length ? rows : empty("No users yet", "A new user sees nothing until something is granted.")];
}

function granted(user, libraries) {
  const form = h("form", { class: "toolbar" });
  const withdraw = (area) => confirm("Withdraw this grant?", `${user.name} may no longer watch ${area}. What is being watched ends within seconds.`, "Withdraw", async () => {
    const { still } = await remove("/grants", { user: user.name, area });
    notice(still.length ? `Withdrawn. ${user.name} may still watch ${still.join(", ")}.` : "Withdrawn.");
    await page(load);
  });
  const [input, list] = areaInput(libraries, { required: true });
  fill(form, field("Grant", input, areaHint), list, h("button", { type: "submit" }, "Grant"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const area = new FormData(form).get("area").trim();
    try {
      await post("/grants", { user: user.name, area });
      await page(load);
    } catch (problem) {
      form.append(h("p", { role: "alert" }, coded([problem.message, problem.hint].filter(Boolean).join(" "))));
    }
  });
  const rows = user.areas.map((area) => ({ area }));
  const grants = table("Grants", [
    ["May watch", ({ area }) => name(area)],
    ["", ({ area }) => h("button", { type: "button", class: "small danger", "aria-label": `Withdraw ${area}`, onclick: () => withdraw(area) }, "Withdraw")],
  ], rows);
  const nothing = h("p", {}, user.role === "admin" ? "Administrators see everything without a grant." : "Nothing is granted yet, so nothing is seen.");
  return [h("h2", {}, "Grants"), rows.length ? grants : nothing, form];
}

function password(user) {
  ask(`Password of ${user.name}`, [
    h("input", { type: "text", name: "username", autocomplete: "username", value: user.name, hidden: true }),
    field("New password", h("input", { name: "password", type: "password", required: true, minlength: 8, autocomplete: "new-password" }), "At least 8 characters. All logins of this user end."),
  ], {
    action: "Set",
    save: async (data) => {
      await put(`/users/${part(user.name)}/password`, { password: data.get("password") });
      notice("The password is set.");
      await page(load);
    },
  });
}

async function change(user, wanted, said) {
  await patch(`/users/${part(user.name)}`, wanted);
  notice(said);
  await page(load);
}

function actions(user) {
  const active = user.state === "active";
  const buttons = [h("button", { type: "button", onclick: () => password(user) }, user.password ? "Set a new password" : "Set a password")];
  if (active) {
    buttons.push(h("button", { type: "button", class: "danger", onclick: () => confirm(`Disable ${user.name}?`, "Nothing of theirs opens anything until they are enabled again; what runs ends within seconds.", "Disable", () => change(user, { state: "disabled" }, "Disabled.")) }, "Disable"));
  } else {
    buttons.push(h("button", { type: "button", class: "main", onclick: () => change(user, { state: "active" }, "Enabled.") }, "Enable"));
  }
  const role = user.role === "admin" ? "viewer" : "admin";
  buttons.push(h("button", { type: "button", onclick: () => confirm(`Make ${user.name} ${role}?`, role === "admin" ? "Admins see and change everything." : "They will see only what is granted.", "Change", () => change(user, { role }, "Changed.")) }, `Make ${role}`));
  buttons.push(h("button", { type: "button", class: "danger", onclick: () => confirm(`Delete ${user.name}?`, "Tokens, shares and logins of this user end. The name may be given again.", "Delete", async () => {
    await remove(`/users/${part(user.name)}`);
    location.assign("/admin/users");
  }) }, "Delete"));
  return h("div", { class: "actions" }, buttons);
}

async function one(wanted) {
  const [user, { entries: tokens }, { entries: libraries }] =
    await Promise.all([get(`/users/${part(wanted)}`), get("/tokens", { user: wanted }), get("/libraries")]);
  find("h1").textContent = user.name;
  document.title = `${user.name} · reelgate`;
  const list = table("Tokens", [
    ["Name", (token) => name(token.name || token.id)],
    ["Kind", (token) => KINDS[token.kind] || token.kind],
    ["Opens", opens],
    ["Last use", (token) => ago(token.used_at)],
    ["Ends", ends],
  ], tokens);
  return [
    facts(["State", stateBadge(user.state)], ["Role", user.role + (user.system ? ", system account" : "")], ["Login", user.password ? "by password" : "none: set a password to allow it"], ["Since", moment(user.created_at)]),
    actions(user),
    granted(user, libraries),
    h("h2", {}, "Tokens"),
    tokens.length ? list : h("p", {}, "None."),
    h("p", {}, h("a", { href: "/admin/users" }, "All users")),
  ];
}

const load = () => (named() ? one(named()) : all());
await page(load);
