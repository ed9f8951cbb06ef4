// A new password.

import { put } from "../api.js";
import { field, h } from "../dom.js";
import { ask } from "../dialog.js";
import { notice } from "../notice.js";

const input = (name, autocomplete) => h("input", { type: "password", name, autocomplete, required: true, maxlength: 1024 });

export function password(changed) {
  const change = () => {
    const [fresh, again] = [input("new", "new-password"), input("again", "new-password")];
    fresh.minLength = 8;
    ask("Change the password", [
      field("Current password", input("current", "current-password")),
      field("New password", fresh, "At least 8 characters. A sentence is easier to keep in mind than signs."),
      field("New password again", again),
    ], {
      action: "Change",
      async save(data) {
        if (data.get("new") !== data.get("again")) {
          again.focus();
          throw new Error("The new passwords differ. Type the same twice.");
        }
        await put("/me/password", { current: data.get("current"), new: data.get("new") });
        notice("The password is changed. All other logins are ended.");
        await changed();
      },
    });
  };
  return [
    h("p", {}, "A new password ends your logins on all other devices."),
    h("button", { type: "button", onclick: change }, "Change the password"),
  ];
}
