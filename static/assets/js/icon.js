// Line drawings of 24 × 24; words beside them say what they mean.

const SHAPES = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  folder: "M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  library: "M4 5h4v14H4zM10 5h4v14h-4zM16 6l3.5-1L23 18l-3.5 1z",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9h4M4 15h4M16 9h4M16 15h4",
  share: "M18 8a3 3 0 1 0-3-3 3 3 0 0 0 3 3zM6 15a3 3 0 1 0-3-3 3 3 0 0 0 3 3zM18 22a3 3 0 1 0-3-3 3 3 0 0 0 3 3zM8.6 13.5l6.8 4M15.4 6.5l-6.8 4",
  code: "M8 6l-6 6 6 6M16 6l6 6-6 6",
  terminal: "M4 6l6 6-6 6M12 19h8",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  picture: "M3 5h18v14H3zM12 12h7v5h-7z",
  keys: "M2 7h20v11H2zM6 11h.01M10 11h.01M14 11h.01M18 11h.01M7 15h10",
  question: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 17h.01",
  flag: "M5 21V4M5 4h13l-3 4 3 4H5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  before: "M15 5l-7 7 7 7",
  after: "M9 5l7 7-7 7",
  again: "M4 5v5h5M5 15a8 8 0 1 0 1-8l-2 3",
  plus: "M12 5v14M5 12h14",
};

export function icon(name) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", SHAPES[name]);
  picture.append(line);
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"], ["focusable", "false"]]) {
    picture.setAttribute(key, value);
  }
  return picture;
}
