// The page of one video. It plays without this script; here is what makes it comfortable.

import { get, part } from "./api.js";
import { fill, find } from "./dom.js";
import { ending, facts, neighbours, path } from "./watch/around.js";
import { buttons } from "./watch/buttons.js";
import { keys } from "./watch/keys.js";
import { keepPosition, resume } from "./watch/position.js";
import { watchForStalls } from "./watch/stall.js";

const player = find("#player");
const video = find("video", player);
const id = player.dataset.item;
const hasAccount = "account" in player.dataset;
const title = find("h1").textContent;

keys(video, find("#flash"));
watchForStalls(video, find("#trouble"), { id, hasAccount });
buttons(find("#controls"), video, { id, name: title }, hasAccount);

try {
  const item = await get(`/items/${part(id)}`);
  fill(find("#facts"), facts(item));
  if (hasAccount) path(find("#path"), item);
  neighbours(find("#neighbours"), item);
  ending(video, find("#resumed"), item);
  if (hasAccount) {
    await resume(video, find("#resumed"), item.position_ms);
    await keepPosition(video, id);
  }
} catch {
  // It plays all the same; what is missing are facts about it.
  ending(video, find("#resumed"), {});
}
