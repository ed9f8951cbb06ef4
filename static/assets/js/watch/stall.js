// Why it does not go on. Browsers say nothing when the server refuses in the middle of a video (Chromium gives no error
// event at all), so after a time without progress the server is asked, and what it says is shown with a way on.

import { fill, h } from "../dom.js";
import { showVerdict } from "./verdict.js";

// Seconds without a byte or a picture: until the server is asked whether it refuses, and until it is said that it is slow.
const SUSPICION = 2;
const PATIENCE = 8;

const ANSWERS = {
  0: ["The server does not answer.", "Check the connection. It goes on by itself when you are online again."],
  401: ["Your right to watch this has ended.", "The link was revoked or is over, or you were logged out."],
  403: ["The server refuses this video.", "Ask whoever runs the server."],
  404: ["This video is gone, or no longer for you.", "It was moved or deleted, or a grant was withdrawn."],
  410: ["This link is over.", "Ask whoever gave you the link for a new one."],
  429: ["Too many requests.", "Wait a minute, then try again."],
};
const BROKEN_SERVER = ["The server cannot read the video at the moment.", "Its disk or its database does not answer. Try again in a moment."];
const EMPTY = ["The file is empty.", "There is nothing in it to play. Whoever runs the server can copy it there again."];
const SLOW = ["It takes long.", "The server answers, so the connection is slow or the video needs more of it than there is."];
const UNPLAYABLE = ["This browser cannot play the video.", "The server sends it, and the browser's player gives up."];

async function askServer(url) {
  try {
    const { status, headers } = await fetch(url, { method: "HEAD", cache: "no-store", credentials: "same-origin" });
    return { status, isEmpty: headers.get("content-length") === "0" };
  } catch {
    return { status: 0 };
  }
}

function wordsFor({ status, isEmpty }, hasFailed) {
  if (status === 416 || (isEmpty && status === 200)) return EMPTY;
  if (status < 400 && status > 0) return hasFailed ? UNPLAYABLE : SLOW;
  return ANSWERS[status] || BROKEN_SERVER;
}

export function watchForStalls(video, place, { id, hasAccount }) {
  const url = video.currentSrc || video.src;
  let last = 0;
  let wanted = null;
  let timer = null;

  const calm = () => {
    clearTimeout(timer);
    timer = null;
  };

  const recovered = () => {
    calm();
    if (video.error || video.seeking || video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
    fill(place);
  };

  const retry = () => {
    const at = wanted ?? last;
    removeEventListener("online", retry);
    fill(place);
    video.addEventListener("loadeddata", () => {
      video.currentTime = at;
      video.play().catch(() => {});
    }, { once: true });
    video.src = url;
    video.load();
    watch();
  };

  async function explain(hasFailed, isLong = true) {
    calm();
    const answer = await askServer(url);
    const { status } = answer;
    const stillStands = hasFailed || video.seeking || video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    if (!stillStands) return;
    if (!isLong && status > 0 && status < 400) {
      timer ??= setTimeout(() => explain(false), (PATIENCE - SUSPICION) * 1000);
      return;
    }
    const [title, words] = wordsFor(answer, hasFailed);
    const why = id && hasFailed && status > 0 && status < 400 && h("button", { type: "button", onclick: () => showVerdict(id) }, "Why won’t it play?");
    const login = status === 401 && hasAccount && h("a", { class: "button", href: `/login?next=${encodeURIComponent(location.pathname)}` }, "Log in");
    fill(place, h("div", { class: "trouble" }, h("p", {}, h("strong", {}, title), " ", words),
      h("div", { class: "actions" }, h("button", { type: "button", class: "main", onclick: retry }, "Try again"), why, login)));
    if (status === 0) addEventListener("online", retry, { once: true });
  }

  const watch = () => {
    calm();
    timer = setTimeout(() => explain(false, false), SUSPICION * 1000);
  };

  video.addEventListener("timeupdate", () => {
    if (video.seeking) return;
    last = video.currentTime;
    wanted = null;
  });
  video.addEventListener("seeking", () => {
    if (!video.error) wanted = video.currentTime;
    watch();
  });
  video.addEventListener("waiting", watch);
  // Bytes arrive: it is slow, and not at an end.
  video.addEventListener("progress", () => timer && watch());
  for (const name of ["seeked", "canplay", "playing"]) video.addEventListener(name, recovered);
  for (const name of ["pause", "ended"]) video.addEventListener(name, () => !video.seeking && calm());
  video.addEventListener("error", () => explain(true));
  // It failed before this script came.
  if (video.error) explain(true);
}
