// Where somebody is logged in.

import { get, part, remove } from "../api.js";
import { h, table } from "../dom.js";
import { confirm } from "../dialog.js";
import { notice } from "../notice.js";
import { ago, moment } from "../words.js";

function columns(again) {
  const end = (login) =>
    confirm("End this login?", `${login.client} has to log in again, and what plays there stops.`, "End it", async () => {
      await remove(`/me/sessions/${part(login.id)}`);
      notice("The login is ended.");
      await again();
    });
  return [
    ["Browser", (login) => [login.client, login.current && h("span", { class: "badge good" }, "This one")]],
    ["Network", (login) => login.network],
    ["Last use", (login) => (login.current ? "now" : ago(login.used_at))],
    ["Since", (login) => h("time", { datetime: login.created_at }, moment(login.created_at))],
    ["", (login) => !login.current && h("button", { type: "button", class: "small danger", "aria-label": `End the login of ${login.client}`, onclick: () => end(login) }, "End")],
  ];
}

export async function logins(again) {
  const { entries } = await get("/me/sessions");
  const others = entries.filter(({ current }) => !current).length;
  const endOthers = () =>
    confirm("End all other logins?", "Every other browser has to log in again, and what plays there stops.", "End them", async () => {
      await remove("/me/sessions");
      notice("All other logins are ended.");
      await again();
    });
  entries.sort((one, other) => other.current - one.current || (one.used_at < other.used_at ? 1 : -1));
  return [
    h("p", {}, "Do you know all of them? End those that you do not, and change the password. Networks are shortened: they say where about, not from which device."),
    entries.length ? table("Logins", columns(again), entries) : h("p", {}, "Nobody is logged in with this account."),
    others > 0 && h("button", { type: "button", onclick: endOthers }, "End all others"),
  ];
}
