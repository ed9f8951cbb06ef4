// The page of a share. It plays without this script, which adds what the page of a video has for everybody.

import { get, part } from "./api.js";
import { fill, find } from "./dom.js";
import { facts } from "./watch/around.js";
import { player } from "./watch/player.js";
import { localTimes } from "./words.js";

localTimes();
const { id } = player();

// Without them it plays all the same.
get(`/items/${part(id)}`).then((item) => fill(find("#facts"), facts(item)), () => {});
