// A picture that was sent for a window of another shape keeps its own until the next one comes:
// viser would stretch it.
document.addEventListener("DOMContentLoaded", () => {
  const NEXT_TO_NOTHING = 0.02;

  const fit = () => {
    const box = nvs.viser.canvas();
    const canvas = box?.querySelector("canvas[data-engine]");
    if (!canvas) return;
    const aspect = nvs.value("picture")?.aspect;
    const across = aspect ? (aspect * box.clientHeight) / box.clientWidth : 1;
    const same = Math.abs(Math.log(across)) < NEXT_TO_NOTHING;
    const shape = same ? "" : across < 1 ? `scaleX(${across})` : `scaleY(${1 / across})`;
    if (canvas.style.transform !== shape) canvas.style.transform = shape;
  };

  let watched = null;
  const watch = () => {
    const box = nvs.viser.canvas();
    if (!box || box === watched) return;
    watched = box;
    new ResizeObserver(fit).observe(box);
  };
  nvs.on("picture", fit);
  setInterval(watch, 300); // viser makes it when it is connected
});
