// Where the camera is: a point of the unit ball, whose surface is the walls (walls.py), and which way it
// looks there.  Lengths are in the photo's camera's space: x right, y down, z forward.

const PAUSE_S = 0.12; // the camera follows the hand with this delay
const GLIDE_S = 0.35; // and goes on as long when it is let go
const SOFTNESS = 4; // how late the walls are felt: resistance is the distance to this power

class Motion {
  constructor(scene) {
    this.scene = scene;
    this.aim = [0, 0, 0]; // where the camera is going
    this.at = [0, 0, 0];
    this.tilted = [0, 0, 0]; // by the phone, on top of the hand
    this.speed = [0, 0, 0];
    this.held = false;
    this.phase = 0; // of the flight, 0..1
    this.flying = false;
  }

  fly() {
    const near = this.distance() < 1e-3;
    this.phase = near ? 0 : this.phase;
    this.flying = true;
    this.speed.fill(0);
  }

  // At the first touch: the camera stays where it is.
  stop() {
    if (!this.flying) return;
    this.flying = false;
    this.aim = [...this.at];
  }

  home() {
    this.flying = false;
    this.phase = 0;
    this.speed.fill(0);
    this.aim = [0, 0, 0];
  }

  distance() {
    return Math.hypot(...this.at);
  }

  // Go on by a step of the hand; outwards each step is worth less, until the wall takes it all.
  push(step) {
    const outward = step.reduce((sum, each, k) => sum + each * this.aim[k], 0) > 0;
    const ease = outward ? Math.max(0, 1 - Math.hypot(...this.aim) ** SOFTNESS) : 1;
    this.aim = inside(this.aim.map((each, k) => each + ease * step[k]));
  }

  // Returns whether anything moved.
  advance(seconds) {
    if (this.flying) {
      this.phase = (this.phase + seconds / this.scene.flight.seconds) % 1;
      this.aim = this.flownTo(this.phase);
    } else if (!this.held && Math.hypot(...this.speed) > 1e-3) {
      this.push(this.speed.map((each) => each * seconds));
      this.speed = this.speed.map((each) => each * Math.exp(-seconds / GLIDE_S));
    }
    const goal = inside(this.aim.map((each, k) => each + this.tilted[k]));
    const share = 1 - Math.exp(-seconds / PAUSE_S);
    const before = this.at;
    this.at = before.map((each, k) => each + share * (goal[k] - each));
    return this.flying || Math.hypot(...this.at.map((each, k) => each - before[k])) > 1e-6;
  }

  flownTo(phase) {
    const { offsets } = this.scene.flight;
    const exact = phase * offsets.length, first = Math.floor(exact) % offsets.length;
    const second = (first + 1) % offsets.length, share = exact - Math.floor(exact);
    return this.ofWalls(offsets[first].map((each, k) => each + share * (offsets[second][k] - each)));
  }

  ofWalls(offset) {
    return offset.map((each, k) => each / this.wall(k, each));
  }

  wall(axis, sign) {
    const { left, right, up, down, forward, back } = this.scene.walls;
    return [sign > 0 ? right : left, sign > 0 ? down : up, sign > 0 ? forward : back][axis];
  }

  // Where the camera is (right, down, forward), its axes as rows, and how much it is zoomed: those of
  // `nvs.film.path`, so that the flight is that of `nvs fly`.
  pose() {
    const eye = this.at.map((each, k) => each * this.wall(k, each));
    const { gaze, focus } = this.scene;
    const [x, y, z] = [-eye[0], -eye[1], focus - eye[2]];
    const yaw = gaze * Math.atan2(x, z), pitch = gaze * Math.atan2(-y, Math.hypot(x, z));
    const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    const turn = [cy, 0, -sy, sy * sp, cp, cy * sp, sy * cp, -sp, cy * cp];
    const aside = Math.min(1, Math.hypot(eye[0], eye[1]) / this.scene.flight.sideways) ** 2;
    return { eye, turn, zoom: 1 + this.scene.flight.zoom * aside * (2 - aside) };
  }
}

function inside(point) {
  const length = Math.hypot(...point);
  return length > 1 ? point.map((each) => each / length) : point;
}
