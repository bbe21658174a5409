// What a film of another shape than the photo's will show, while its shape is chosen: the middle.
document.addEventListener("DOMContentLoaded", () => {
  const film = document.createElement("div");
  film.id = "nvs-film-frame";
  film.innerHTML = "<i></i>";
  film.hidden = true;
  document.body.append(film);

  let last = "";
  const fit = () => {
    const box = nvs.viser.canvas()?.getBoundingClientRect();
    const photo = nvs.value("scene")?.aspect;
    const aspect = nvs.value("film")?.aspect;
    const shown = box && photo && aspect && nvs.viser.openTab() === "Shot";
    const now = shown ? [box.left, box.top, box.width, box.height, photo, aspect].join(" ") : "";
    if (now === last) return; // what is written has the page drawn again
    last = now;
    film.hidden = !shown;
    if (!shown) return;
    const width = Math.min(box.width, box.height * photo);
    const height = width / photo;
    const within = Math.min(width, height * aspect);
    Object.assign(film.style, {
      left: `${box.left + (box.width - width) / 2}px`,
      top: `${box.top + (box.height - height) / 2}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    Object.assign(film.firstChild.style, { width: `${within}px`, height: `${within / aspect}px` });
  };
  for (const key of ["scene", "film"]) nvs.on(key, fit);
  addEventListener("resize", fit);
  setInterval(fit, 300); // the panel comes, goes and changes its tab
});
