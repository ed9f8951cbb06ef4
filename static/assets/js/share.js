// The page of a share. It plays without this script, which adds what the page of a video has for everybody.

import { localTimes } from "./words.js";
import { player } from "./watch/player.js";

localTimes();
player();
