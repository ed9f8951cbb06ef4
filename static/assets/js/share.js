// The page of a share. It plays without this script; here are the keys, and words when it does not go on.

import { find } from "./dom.js";
import { keys } from "./watch/keys.js";
import { watchForStalls } from "./watch/stall.js";

const video = find("video");
keys(video, find("#flash"));
watchForStalls(video, find("#trouble"), { id: null, hasAccount: false });
