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
  // For a script that wants to read the pictures as well.
  borrow: (url) => {
    video.crossOrigin = "anonymous";
    return steps.load(url);
  },
  // Ends with "read", or with the name of what forbids it.
  read: async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    try {
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return state(data.some((value, place) => place % 4 !== 3 && value > 0) ? "read" : "black");
    } catch (error) {
      return state(error.name);
    }
  },
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
