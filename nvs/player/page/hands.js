// Mouse, fingers, wheel, keys, and the tilt of the phone, all as steps in the unit ball of motion.js.

const DRAG_SHARE = 0.5; // of the frame, from the middle to a wall
const WHEEL_STEP = 1 / 900; // for each pixel that the wheel scrolls
const PINCH_STEP = 1.2; // for twice (e times) the distance of the fingers
const KEY_TAP = 0.06, KEY_SPEED = 0.9; // at once, and a second
const TILT_DEG = 18; // of the phone, from the middle to a wall
const RECENTER_S = 6; // how soon the way the phone is held becomes the middle
const KEYS = {
  ArrowLeft: [-1, 0, 0], KeyA: [-1, 0, 0], ArrowRight: [1, 0, 0], KeyD: [1, 0, 0],
  ArrowUp: [0, 0, 1], KeyW: [0, 0, 1], ArrowDown: [0, 0, -1], KeyS: [0, 0, -1],
  KeyQ: [0, 1, 0], KeyE: [0, -1, 0], PageDown: [0, 1, 0], PageUp: [0, -1, 0],
};

// touched: called when somebody takes over.
function followHands(canvas, motion, touched) {
  const fingers = new Map(); // pointer → [x, y]
  let last = 0;

  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
  };

  canvas.addEventListener("pointerdown", (event) => {
    touched();
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    motion.held = true;
    motion.speed.fill(0);
    last = event.timeStamp;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    // What is grabbed follows the finger: the camera goes the other way.
    const step = [
      (before[0] - event.clientX) / (DRAG_SHARE * canvas.clientWidth * fingers.size),
      (before[1] - event.clientY) / (DRAG_SHARE * canvas.clientHeight * fingers.size),
      apart ? PINCH_STEP * Math.log(spread() / apart) : 0,
    ];
    motion.push(step);
    const seconds = Math.max(0.004, (event.timeStamp - last) / 1000);
    last = event.timeStamp;
    motion.speed = motion.speed.map((each, k) => 0.5 * each + (0.5 * step[k]) / seconds);
  });
  const released = (event) => {
    fingers.delete(event.pointerId);
    motion.held = fingers.size > 0;
    if (event.timeStamp - last > 80) motion.speed.fill(0); // it rested before it was lifted
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);

  canvas.addEventListener("wheel", (event) => {
    // In another page the wheel scrolls that page, until somebody has clicked here.
    if (window !== window.top && !document.hasFocus()) return;
    event.preventDefault();
    touched();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    motion.push([0, 0, -pixels * WHEEL_STEP]);
  }, { passive: false });

  const pressed = new Set();
  addEventListener("keydown", (event) => {
    if (!KEYS[event.code] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    touched();
    motion.speed.fill(0);
    if (!event.repeat) motion.push(KEYS[event.code].map((each) => each * KEY_TAP));
    pressed.add(event.code);
  });
  addEventListener("keyup", (event) => pressed.delete(event.code));
  addEventListener("blur", () => pressed.clear());

  return (seconds) => {
    for (const code of pressed) motion.push(KEYS[code].map((each) => each * KEY_SPEED * seconds));
  };
}

// The window follows the way the phone is held; returns whether that was allowed.  iOS asks its user, and
// only after a touch.
async function followTilt(motion) {
  const asks = DeviceOrientationEvent.requestPermission;
  if (asks && (await asks.call(DeviceOrientationEvent)) !== "granted") return false;
  let middle = null, last = 0;
  addEventListener("deviceorientation", (event) => {
    if (event.beta === null || event.gamma === null) return;
    const turned = (Math.PI / 180) * (screen.orientation?.angle ?? window.orientation ?? 0);
    const [cos, sin] = [Math.cos(turned), Math.sin(turned)];
    const held = [event.gamma * cos + event.beta * sin, event.beta * cos - event.gamma * sin];
    const seconds = Math.min(1, (event.timeStamp - last) / 1000);
    last = event.timeStamp;
    // Angles jump where a phone is turned over: begin anew there.
    if (!middle || Math.hypot(held[0] - middle[0], held[1] - middle[1]) > 60) middle = held;
    middle = middle.map((each, k) => each + (held[k] - each) * Math.min(1, seconds / RECENTER_S));
    motion.tilted = inside([(middle[0] - held[0]) / TILT_DEG, (middle[1] - held[1]) / TILT_DEG, 0]);
  });
  return true;
}
