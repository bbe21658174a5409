// From the file's own data to a picture that moves.  What goes wrong leaves the photo and one line.

const SLOW_MS = 45, FAST_MS = 22; // a frame: fewer or more pixels are drawn
const LEAST_PIXELS = 0.5, MOST_PIXELS = 2; // for each of CSS; a picture at rest has the most

const find = (id) => document.getElementById(id);
const frame = find("frame"), canvas = find("scene"), photo = find("photo");
const scene = JSON.parse(find("facts").textContent);
const motion = new Motion(scene);

function say(state) {
  document.body.dataset.state = state;
}

function fail(line) {
  find("word").textContent = line;
  say("lacking");
}

// --- Drawing ---------------------------------------------------------------------------------

let gl = null, splats = null, words = null, worker = null, headset = null;
let pixels = Math.min(MOST_PIXELS, devicePixelRatio), pixelsMoving = pixels;
let sorting = false, sortedFrom = "", stale = true;

function begin() {
  gl = canvas.getContext("webgl2", { alpha: false, antialias: false, powerPreference: "high-performance" });
  if (!gl) return fail("This browser cannot draw the scene (it has no WebGL 2): this is its photo.");
  if (typeof DecompressionStream === "undefined") {
    return fail("This browser is too old to unpack the scene: this is its photo.");
  }
  worker = new Worker(URL.createObjectURL(new Blob([find("worker").textContent], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => {
    if (data.error) return fail("The scene in this file is damaged: this is its photo.");
    if (data.words) {
      words = data.words;
      prepare();
    } else {
      sorting = false;
      if (gl.isContextLost()) return;
      splats.reorder(data.order, data.count);
      stale = true;
      if (document.body.dataset.state === "loading") shown();
    }
  };
  worker.onerror = () => fail("The scene cannot be drawn here: this is its photo.");
  worker.postMessage({ base64: find("splats").textContent, header: scene });
  find("splats").remove();
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", prepare);
  requestAnimationFrame(tick);
}

// Whenever there is a new context: phones take it away from pages in the background.
function prepare() {
  try {
    splats = new Splats(gl, words, scene);
    sortedFrom = "";
  } catch (error) {
    console.error(error);
    fail("The scene cannot be drawn here: this is its photo.");
  }
}

function sort(forward, eye) {
  const from = [...forward, ...eye].map((each) => each.toFixed(5)).join();
  if (sorting || from === sortedFrom) return;
  sorting = true;
  sortedFrom = from;
  worker.postMessage({ forward: [...forward], eye, near: scene.near });
}

let before = 0, slowness = (SLOW_MS + FAST_MS) / 2;
const heldKeys = followHands(canvas, motion, touched);

function tick(now) {
  requestAnimationFrame(tick);
  const seconds = Math.min(0.1, (now - before) / 1000);
  before = now;
  if (!splats || headset || gl.isContextLost()) return;
  heldKeys(seconds);
  const shown = document.body.dataset.state === "ready";
  const moved = shown && motion.advance(seconds);
  const pose = motion.pose();
  sort(pose.turn.slice(6), pose.eye);
  const most = Math.min(MOST_PIXELS, devicePixelRatio);
  if (moved) adapt(seconds * 1000, most);
  if (pixels !== (moved ? pixelsMoving : most)) {
    pixels = moved ? pixelsMoving : most;
    fit();
  }
  if (!moved && !stale) return;
  stale = false;
  draw(pose);
}

function draw(pose) {
  const [width, height] = [canvas.width, canvas.height];
  const lens = lensOf(width, height, scene.camera, pose.zoom, motion.at);
  gl.viewport(0, 0, width, height);
  splats.clear();
  splats.draw({ ...pose, ...lens });
  frame.dataset.at = motion.at.map((each) => each.toFixed(4)).join(" ");
  frame.style.setProperty("--distance", motion.distance().toFixed(3));
}

// A machine that is slow draws fewer pixels while things move; changed seldom, since that flickers.
function adapt(milliseconds, most) {
  slowness += 0.1 * (milliseconds - slowness);
  const by = slowness > SLOW_MS ? 0.75 : slowness < FAST_MS ? 1.1 : 1;
  const bounded = Math.min(most, Math.max(LEAST_PIXELS, pixelsMoving * by));
  if (bounded === pixelsMoving) return;
  pixelsMoving = bounded;
  slowness = (SLOW_MS + FAST_MS) / 2;
}

function fit() {
  const [width, height] = frameIn(innerWidth, innerHeight, scene.camera);
  frame.style.width = `${width}px`;
  frame.style.height = `${height}px`;
  frame.classList.toggle("whole", width < innerWidth || height < innerHeight);
  canvas.width = Math.round(width * pixels);
  canvas.height = Math.round(height * pixels);
  stale = true;
}

addEventListener("resize", fit);
fit();
find("around").src = photo.src;

// --- What the buttons do ----------------------------------------------------------------------

function shown() {
  say("ready");
  wake();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play();
}

function play() {
  motion.fly();
  document.body.classList.add("flying");
}

function touched() {
  motion.stop();
  document.body.classList.remove("flying");
  document.body.classList.add("touched");
}

function toggleFlight() {
  if (!motion.flying) return play();
  motion.stop();
  document.body.classList.remove("flying");
}

function goHome() {
  touched();
  motion.home();
}

function toggleFullScreen() {
  const full = document.fullscreenElement ?? document.webkitFullscreenElement;
  const page = document.documentElement;
  if (full) (document.exitFullscreen ?? document.webkitExitFullscreen).call(document);
  else (page.requestFullscreen ?? page.webkitRequestFullscreen).call(page);
}

async function tilt() {
  touched();
  find("tilt").hidden = await followTilt(motion).catch(() => false);
}

async function wear() {
  touched();
  const ended = () => {
    headset = null;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    sortedFrom = "";
    stale = true;
  };
  headset = await enterHeadset(gl, splats, scene, motion, sort, ended).catch(() => null);
}

find("play").onclick = toggleFlight;
find("home").onclick = goHome;
find("full").onclick = toggleFullScreen;
find("tilt").onclick = tilt;
find("wear").onclick = wear;
find("full").hidden = !(document.fullscreenEnabled ?? document.webkitFullscreenEnabled);
find("tilt").hidden = !(navigator.maxTouchPoints > 0 && "DeviceOrientationEvent" in window);
headsetIsThere().then((there) => (find("wear").hidden = !there));

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.code === "Space" && event.target.tagName !== "BUTTON") toggleFlight();
  else if (event.code === "Home" || event.code === "KeyH") goHome();
  else if (event.code === "KeyF" && !find("full").hidden) toggleFullScreen();
  else return;
  event.preventDefault();
});

// The bar goes away while nobody moves.
let asleep = 0;
function wake() {
  document.body.classList.remove("asleep");
  clearTimeout(asleep);
  asleep = setTimeout(() => document.body.classList.add("asleep"), 4000);
}
for (const kind of ["pointermove", "pointerdown", "keydown", "focusin"]) addEventListener(kind, wake);

begin();
