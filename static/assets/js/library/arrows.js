// Arrow keys go from film to film in all four directions; Tab goes on as everywhere.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function arrows(element) {
  element.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const own = event.target.closest?.(".film");
    if (!step || !own || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const all = [...element.querySelectorAll(".film")];
    const columns = getComputedStyle(own.closest(".chunk")).gridTemplateColumns.split(" ").length;
    const target = all[all.indexOf(own) + step[0] + step[1] * columns];
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  });
}
