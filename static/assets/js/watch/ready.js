// Nothing of the player is read before its first picture is there: WebKitGTK, asked earlier, can leave the duration at 0.

export function ready(video) {
  return new Promise((done) => {
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) done();
    else video.addEventListener("loadeddata", done, { once: true });
  });
}
