// Touching the picture: the flight stops, drags are as long as the photo allows, tilt looks around.
document.addEventListener("DOMContentLoaded", () => {
  const SPAN = 0.3; // of the picture's height: a drag from the photo's view to the edge
  let touchable = null;

  const touched = () => {
    if (nvs.value("flying")) nvs.say("touched");
  };
  const watch = () => {
    const canvas = nvs.viser.canvas();
    if (canvas && canvas !== touchable) {
      touchable = canvas;
      for (const kind of ["pointerdown", "wheel", "touchstart"])
        canvas.addEventListener(kind, touched, { capture: true, passive: true });
      nvs.viser.hideCrosshair();
      pointAt(canvas);
    }
    slowDown();
    fold();
    makeRoom();
  };
  document.addEventListener("keydown", (event) => {
    const moves = /^(Key[WASDQE]|Arrow)/.test(event.code);
    if (moves && !event.target.closest?.("input, textarea")) touched();
  });

  // A press without a drag means a place in the picture.
  const pointAt = (canvas) => {
    let down = null;
    canvas.addEventListener("pointerdown", (event) => (down = event), { capture: true });
    addEventListener("pointerup", (event) => {
      const begun = down;
      down = null;
      if (!begun || begun.pointerId !== event.pointerId || begun.button !== 0) return;
      if (Math.hypot(event.clientX - begun.clientX, event.clientY - begun.clientY) > 5) return;
      const box = canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width;
      nvs.say("point", { x, y: (event.clientY - box.top) / box.height });
    });
  };

  // viser turns by a whole turn for each height of the window: too much for one photo.
  const slowDown = () => {
    const controls = nvs.viser.controls();
    const walls = nvs.value("walls");
    if (!controls || !walls) return;
    const speed = walls.held ? Math.min(1, walls.edge / (2 * Math.PI * SPAN)) : 1;
    // What is set has the scene drawn again.
    if (controls.azimuthRotateSpeed === speed) return;
    controls.azimuthRotateSpeed = controls.polarRotateSpeed = speed;
  };
  nvs.on("walls", slowDown);

  // The panel of small windows starts folded: the picture comes first.
  let folded = null;
  const fold = () => {
    const head = nvs.viser.sheetHead();
    if (!head || head === folded || !nvs.value("home")) return;
    folded = head;
    if (nvs.viser.isOpen(head)) head.click();
  };
  // Above the panel of a small window the whole picture remains in sight.
  let room = 0;
  const makeRoom = () => {
    const height = Math.round(nvs.viser.sheet()?.getBoundingClientRect().height ?? 0);
    if (height === room) return; // what is written has the page drawn again
    room = height;
    document.documentElement.style.setProperty("--nvs-sheet", `${height}px`);
  };
  setInterval(watch, 200);

  // A flight begins by itself when the scene has been drawn, unless that is unwelcome.
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  nvs.on("scene", (scene) => {
    if (calm || !nvs.value("home")?.flies) return;
    const begin = () => {
      if (nvs.value("scene") !== scene) return;
      if (document.hidden || document.documentElement.dataset.nvs !== "scene") return;
      nvs.say("fly");
    };
    setTimeout(() => requestAnimationFrame(begin), 900);
  });

  // Tilting the phone: a small turn around what is looked at, from where it was held first.
  nvs.canTilt = "DeviceOrientationEvent" in window && matchMedia("(pointer: coarse)").matches;
  let held = null;
  let turned = [0, 0];
  const tilted = (event) => {
    const controls = nvs.viser.controls();
    if (event.beta === null || !controls) return;
    held ??= [event.gamma, event.beta];
    touched();
    const edge = nvs.value("walls")?.edge ?? 0.2;
    const turn = [event.gamma - held[0], event.beta - held[1]].map(
      (deg) => edge * Math.max(-1, Math.min(1, deg / 25)),
    );
    controls.rotate(turned[0] - turn[0], turned[1] - turn[1], true);
    turned = turn;
  };
  nvs.tilt = async (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    // iPhones ask their owner, and only after a touch.
    const ask = DeviceOrientationEvent.requestPermission;
    if (on && ask && (await ask.call(DeviceOrientationEvent)) !== "granted") return;
    held = null;
    turned = [0, 0];
    button.setAttribute("aria-pressed", on);
    (on ? addEventListener : removeEventListener)("deviceorientation", tilted);
  };
});
