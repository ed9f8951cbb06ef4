// The page of a share. It plays without this script; here is what the page of a video has for somebody without an account.

import { get, part } from "./api.js";
import { fill, find } from "./dom.js";
import { facts } from "./watch/around.js";
import { buttons } from "./watch/buttons.js";
import { keys } from "./watch/keys.js";
import { watchForStalls } from "./watch/stall.js";
import { moment } from "./words.js";

const player = find("#player");
const video = find("video", player);
const id = player.dataset.item;

keys(video, find("#flash"));
watchForStalls(video, find("#trouble"), { id, hasAccount: false });
buttons(find("#controls"), video, { id }, false);
for (const time of document.querySelectorAll("time")) time.textContent = moment(time.dateTime);

// Without them it plays all the same.
get(`/items/${part(id)}`).then((item) => fill(find("#facts"), facts(item)), () => {});
