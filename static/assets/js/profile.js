// The account of whoever is logged in.

import { get } from "./api.js";
import { empty, fill, find, h } from "./dom.js";
import { keepFocus } from "./focus.js";
import { isolated } from "./names.js";
import { logins } from "./profile/logins.js";
import { password } from "./profile/password.js";
import { tokens } from "./profile/tokens.js";

function rights({ areas, role }) {
  const about = role === "admin" ? h("p", {}, "You are an administrator.") : null;
  if (areas.includes("/")) return [about, h("p", {}, "All videos of this server.")];
  if (!areas.length) return [about, h("p", {}, "Nothing yet. An administrator decides which folders you see: ask for a grant.")];
  const link = (area) => {
    const [library, ...below] = area.split("/");
    return `/?${new URLSearchParams(below.length ? { library, below: below.join("/") } : { library })}`;
  };
  return [about, h("ul", { class: "areas" }, areas.map((area) => h("li", {}, h("a", { href: link(area) }, isolated(area)))))];
}

// One part that fails leaves the others alone. None comes before the one `above` it, which would push it away under
// somebody's pointer.
async function section(id, content, above = null) {
  const place = find(`#${id} .content`);
  try {
    const loaded = await content();
    await above;
    keepFocus(place, () => fill(place, loaded));
  } catch (problem) {
    await above;
    const words = [problem.message, problem.hint].filter(Boolean).join(" ");
    const again = h("button", { type: "button", onclick: () => section(id, content) }, "Try again");
    keepFocus(place, () => fill(place, empty("This could not be loaded", words, again)));
  }
}

const me = get("/me");
const showLogins = (above) => section("logins", () => logins(() => showLogins()), above);
const showTokens = (above) => section("tokens", async () => tokens(() => showTokens(), await me), above);
const rightsShown = section("rights", async () => rights(await me));
const passwordShown = section("password", () => password(() => showLogins()), rightsShown);
showTokens(showLogins(passwordShown));
