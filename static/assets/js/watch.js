// The page of one video. It plays without this script; here is what makes it comfortable.

import { get, part } from "./api.js";
import { fill, find } from "./dom.js";
import { ending, facts, neighbours, path } from "./watch/around.js";
import { player } from "./watch/player.js";
import { keepPosition, resume } from "./watch/position.js";

const { video, id, hasAccount } = player();

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
