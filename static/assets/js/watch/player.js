// The player of a page, for whoever may watch: with an account, or by a link.

import { find } from "../dom.js";
import { buttons } from "./buttons.js";
import { keys } from "./keys.js";
import { watchForStalls } from "./stall.js";

// The picture's own form, as soon as it is known: the page gives it no more room than it fills.
function keepForm(video) {
  const tell = () => video.videoWidth && video.style.setProperty("--form", String(video.videoWidth / video.videoHeight));
  for (const name of ["loadedmetadata", "resize"]) video.addEventListener(name, tell);
  tell();
}

export function player() {
  const element = find("#player");
  const video = find("video", element);
  const { item: id } = element.dataset;
  const hasAccount = "account" in element.dataset;
  const name = find("h1").textContent;
  keepForm(video);
  keys(video, find("#flash"));
  watchForStalls(video, find("#trouble"), { id, hasAccount });
  buttons(find("#controls"), video, { id, name }, hasAccount);
  return { video, id, hasAccount };
}
