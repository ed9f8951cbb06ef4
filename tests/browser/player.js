// What a page with a video can be asked to do, one step a call: perform(name, argument) gives the element's state and
// the event that ended the step. Only the first step may come before `loadeddata`: WebKitGTK leaves `duration` at 0 for
// good where a script looks at the element earlier.
const video = document.querySelector("video");

function state(event) {
  const { currentTime, duration, videoWidth, videoHeight } = video;
  return { event, time: currentTime, duration, width: videoWidth, height: videoHeight, error: video.error ? video.error.code : 0 };
}

function reach(event, begin, enough = () => true) {
  return new Promise((resolve) => {
    const end = (name) => {
      clearTimeout(timer);
      video.removeEventListener(event, arrive);
      resolve(state(name));
    };
    const arrive = () => enough() && end(event);
    // Chromium tells no error where a seek is refused.
    const timer = setTimeout(() => end("timeout"), 15000);
    video.addEventListener(event, arrive);
    video.addEventListener("error", () => end("error"), { once: true });
    Promise.resolve(begin()).catch((error) => end(`${error}`));
  });
}

const steps = {
  load: (url) =>
    reach("loadeddata", () => {
      video.muted = true;
      video.preload = "auto";
      video.src = url;
    }),
  // For a page that has set the source itself.
  await: () => (video.readyState >= 2 ? Promise.resolve(state("loadeddata")) : reach("loadeddata", () => {})),
  play: () => {
    const start = video.currentTime;
    video.muted = true;
    return reach("timeupdate", () => video.play(), () => video.currentTime > start + 0.5);
  },
  pause: () => (video.paused ? Promise.resolve(state("pause")) : reach("pause", () => video.pause())),
  seek: (time) =>
    reach("seeked", () => {
      video.currentTime = time;
    }),
  finish: () => reach("ended", () => video.play()),
};

const perform = (name, argument) => steps[name](argument);
