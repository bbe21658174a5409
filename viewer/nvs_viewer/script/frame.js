// The photo's frame in a window of another shape: past it nothing was photographed.
document.addEventListener("DOMContentLoaded", () => {
  const frame = document.createElement("div");
  frame.id = "nvs-frame";
  frame.hidden = true;
  document.body.append(frame);

  // The photo that is worked on stands where its scene will be.
  let placed = "";
  const place = (box) => {
    const now = `${box.left} ${box.top} ${box.width} ${box.height}`;
    if (now === placed) return;
    placed = now;
    const [left, top, width, height] = now.split(" ").map((px) => `${px}px`);
    Object.assign(document.querySelector(".nvs-work img").style, { left, top, width, height });
    const middle = `${box.left + box.width / 2}px`;
    document.documentElement.style.setProperty("--nvs-middle", middle); // of the picture
  };

  // What is written has the page drawn again, so nothing is written twice.
  let last = "";
  const fit = () => {
    const canvas = nvs.viser.canvas();
    const scene = nvs.value("scene");
    const shown = canvas && scene && nvs.value("walls")?.held;
    const box = canvas?.getBoundingClientRect();
    if (box) place(box);
    const now = shown ? `${box.left} ${box.top} ${box.width} ${box.height} ${scene.aspect}` : "";
    if (now === last) return;
    last = now;
    frame.hidden = !shown;
    if (!shown) return;
    const width = Math.min(box.width, box.height * scene.aspect);
    // A bar of a pixel or two would only be an untidy edge.
    const bar = (whole, side) => (whole - side < 4 ? 0 : Math.floor((whole - side) / 2));
    Object.assign(frame.style, {
      left: `${box.left}px`,
      top: `${box.top}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
      borderWidth: `${bar(box.height, width / scene.aspect)}px ${bar(box.width, width)}px`,
    });
  };
  for (const key of ["scene", "walls"]) nvs.on(key, fit);
  addEventListener("resize", fit);
  setInterval(fit, 300); // the panel comes, goes and changes its width
});
