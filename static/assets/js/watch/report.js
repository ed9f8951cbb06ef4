// A report of what does not play: what somebody did, and what the player knows. It is shown before it is sent.

import { post } from "../api.js";
import { field, h } from "../dom.js";
import { ask } from "../dialog.js";
import { notice } from "../notice.js";

const ERRORS = { 1: "aborted", 2: "network", 3: "decode", 4: "source not supported" };
const NETWORK = ["empty", "idle", "loading", "no source"];
const READY = ["nothing", "metadata", "current data", "future data", "enough data"];

const ranges = (found) => Array.from({ length: found.length }, (_, at) => [found.start(at), found.end(at)].map((time) => Math.round(time * 100) / 100));

function playerOf(video) {
  return {
    current_time: video.currentTime,
    duration: Number.isFinite(video.duration) ? video.duration : null,
    paused: video.paused,
    seeking: video.seeking,
    ended: video.ended,
    playback_rate: video.playbackRate,
    network_state: NETWORK[video.networkState],
    ready_state: READY[video.readyState],
    buffered: ranges(video.buffered),
    seekable: ranges(video.seekable),
    video_width: video.videoWidth,
    video_height: video.videoHeight,
    window: `${innerWidth} × ${innerHeight}`,
    online: navigator.onLine,
  };
}

// Browsers made of Chromium round their version in the User-Agent line, and tell the exact one here.
async function agentData() {
  const wanted = ["fullVersionList", "platform", "platformVersion", "architecture", "model"];
  return (await navigator.userAgentData?.getHighEntropyValues(wanted).catch(() => null)) || null;
}

const errorOf = ({ error }) => (error ? `${ERRORS[error.code] || "unknown"} (${error.code})${error.message ? `: ${error.message}` : ""}` : null);

export async function reportProblem(video, id) {
  const facts = { item: id, error: errorOf(video), player: playerOf(video), user_agent_data: await agentData() };
  const sent = { ...facts, browser: navigator.userAgent };
  const steps = h("textarea", { name: "steps", required: true, maxlength: 4000, placeholder: "I pressed play, and after 20 minutes the picture stopped." });
  ask("Report a problem", [
    field("What did you do, and what happened?", steps, "Whoever runs this server reads it."),
    h("details", {}, h("summary", {}, "What else is sent"), h("pre", { tabindex: "0" }, JSON.stringify(sent, null, 2))),
    h("p", { class: "hint" }, "The report stays on this server. It holds no address and no password."),
  ], {
    action: "Send the report",
    async save(data) {
      await post("/reports", { ...facts, steps: data.get("steps") });
      notice("The report is sent. Thank you.");
    },
  });
}
