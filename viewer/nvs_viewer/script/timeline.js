// The kept views along time: tap one to see it, drag it to pass it sooner or later, drag between
// them to look along the flight.
document.addEventListener("DOMContentLoaded", () => {
  const line = document.createElement("div");
  line.id = "nvs-views";
  line.hidden = true;
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", "The flight along time");
  line.innerHTML = "<output></output><div><i></i></div>";
  document.body.append(line);
  const label = line.firstChild;
  const track = line.lastChild;
  const head = track.firstChild;
  const words = (seconds) => `${Math.max(0, seconds).toFixed(1)} s`;

  const timeAt = (event) => {
    const box = track.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * nvs.value("timeline").seconds;
  };
  const put = (element, seconds) => {
    const share = seconds / nvs.value("timeline").seconds;
    element.style.left = `${100 * Math.min(1, Math.max(0, share))}%`;
  };
  const tell = (seconds) => {
    label.textContent = `${words(seconds)} of ${words(nvs.value("timeline").seconds)}`;
  };
  const limited = (seconds) => Math.min(Math.max(seconds, 0), nvs.value("timeline").seconds);

  const viewAt = (seconds, index) => {
    const view = document.createElement("button");
    view.textContent = index + 1;
    view.title = "Drag: sooner or later. Arrows: 0.1 s. Delete: leave it out.";
    view.setAttribute("aria-label", `View ${index + 1}, at ${words(seconds)}`);
    put(view, seconds);
    let begun = null;
    let dragged = false;
    view.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      view.setPointerCapture(event.pointerId);
      begun = event.clientX;
      dragged = false;
    });
    view.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      dragged ||= Math.abs(event.clientX - begun) > 4;
      if (!dragged) return;
      put(view, timeAt(event));
      tell(limited(timeAt(event)));
    });
    view.addEventListener("pointerup", (event) => {
      if (begun !== null && dragged) nvs.say("time", { index, seconds: timeAt(event) });
      begun = null;
    });
    view.addEventListener("pointercancel", () => {
      begun = null;
      put(view, seconds);
    });
    view.addEventListener("click", () => {
      if (dragged) return;
      nvs.say("view", { index, action: "Go" });
      tell(seconds);
    });
    view.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
      if (step) nvs.say("time", { index, seconds: seconds + step });
      else if (event.key === "Delete" || event.key === "Backspace") {
        if (!event.repeat) nvs.say("view", { index, action: "✕" }); // held, it would delete them all
      } else return;
      focused = index;
      event.preventDefault();
      event.stopPropagation(); // the arrows are not the camera's here
    });
    return view;
  };

  // Between the views one looks along the flight.
  let seeking = false;
  const seek = (event) => {
    const seconds = limited(timeAt(event));
    put(head, seconds);
    tell(seconds);
    nvs.say("seek", { seconds, newest: true });
  };
  track.addEventListener("pointerdown", (event) => {
    seeking = true;
    track.setPointerCapture(event.pointerId);
    seek(event);
  });
  track.addEventListener("pointermove", (event) => seeking && seek(event));
  for (const end of ["pointerup", "pointercancel"])
    track.addEventListener(end, () => (seeking = false));

  let focused = null; // the view that the keys moved: its button is made anew
  nvs.on("timeline", (timeline) => {
    line.hidden = !timeline;
    if (!timeline) {
      focused = null;
      return;
    }
    track.replaceChildren(head, ...timeline.at.map(viewAt));
    head.style.setProperty("--nvs-flight", `${timeline.seconds}s`);
    label.textContent = words(timeline.seconds);
    if (focused !== null) track.children[Math.min(focused, timeline.at.length - 1) + 1]?.focus();
    focused = null;
  });
  nvs.on("flying", (flying) => head.toggleAttribute("data-flies", !!flying));

  let placed = "";
  const fit = () => {
    const box = nvs.viser.canvas()?.getBoundingClientRect();
    if (!box || line.hidden) return;
    const now = `${box.left} ${box.width} ${innerHeight - box.bottom}`;
    if (now === placed) return; // what is written has the page drawn again
    placed = now;
    line.style.left = `${box.left + 10}px`;
    line.style.width = `${box.width - 20}px`;
    line.style.bottom = `${Math.max(0, innerHeight - box.bottom) + 10}px`;
  };
  nvs.on("timeline", fit);
  addEventListener("resize", fit);
  setInterval(fit, 300); // the panel comes, goes and changes its size
});
