// Gaussian splatting (Kerbl et al. 2023) in WebGL 2, with the conventions of `nvs.render`: every projected
// covariance is widened by 0.3 square pixels, alpha ends below 1/255, colours are blended as sRGB.

const TEXTURE_WIDTH = 2048; // texels; two for each Gaussian
// Gaussians drawn as one instance: graphics cards, and programs in their place, are slow with tiny ones.
const BATCH = 128;

const VERTEX_SHADER = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D words, order;
uniform int count;
uniform mat3 turn;       // photo's camera → this camera
uniform vec3 eye;
uniform vec2 focal;      // pixels
uniform vec2 center;     // pixels, from the top left
uniform vec2 size;       // pixels
uniform float pixel;     // of the photo, at depth 1
uniform float widening;  // square pixels
uniform float near;
out vec2 place;          // in standard deviations
flat out vec4 color;

void main() {
  gl_Position = vec4(2.0, 2.0, 0.0, 1.0);  // not drawn
  int rank = ${BATCH} * gl_InstanceID + gl_VertexID / 4;
  if (rank >= count) return;
  int texel = 2 * int(texelFetch(order, ivec2(rank % ${TEXTURE_WIDTH}, rank / ${TEXTURE_WIDTH}), 0).x);
  ivec2 at = ivec2(texel % ${TEXTURE_WIDTH}, texel / ${TEXTURE_WIDTH});
  uvec4 first = texelFetch(words, at, 0), second = texelFetch(words, at + ivec2(1, 0), 0);
  vec3 mean = uintBitsToFloat(first.xyz);
  vec3 seen = turn * (mean - eye);
  color = vec4((uvec4(first.w) >> uvec4(0, 8, 16, 24)) & 255u) / 255.0;
  if (seen.z < near || color.a < 1.0 / 255.0) return;

  vec2 diagonal = unpackHalf2x16(second.x), third = unpackHalf2x16(second.y);
  vec2 beside = unpackHalf2x16(second.z);
  float unit = mean.z * pixel;
  mat3 covariance = unit * unit * mat3(
    diagonal.x, third.y, beside.x, third.y, diagonal.y, beside.y, beside.x, beside.y, third.x);

  // Outside the picture the projection is taken as at its border, which keeps it sane.
  vec2 low = (-center - 0.15 * size) / focal, high = (1.15 * size - center) / focal;
  vec2 slope = seen.xy / seen.z, bounded = clamp(slope, low, high);
  vec2 gain = focal / seen.z;
  mat3 turned = transpose(turn);
  vec3 across = gain.x * (turned[0] - bounded.x * turned[2]);
  vec3 down = gain.y * (turned[1] - bounded.y * turned[2]);
  float xx = dot(across, covariance * across) + widening;
  float xy = dot(across, covariance * down);
  float yy = dot(down, covariance * down) + widening;

  float middle = 0.5 * (xx + yy), apart = length(vec2(0.5 * (xx - yy), xy));
  float longer = middle + apart, shorter = max(middle - apart, 1e-6);
  vec2 axis = abs(xy) > 1e-9 * middle ? normalize(vec2(xy, longer - xx)) : (xx >= yy ? vec2(1, 0) : vec2(0, 1));
  float reach = min(3.33, sqrt(2.0 * log(255.0 * color.a)));
  vec2 corner = vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1) * 2.0 - 1.0;
  place = reach * corner;
  vec2 pixels = focal * slope + center
    + place.x * sqrt(longer) * axis + place.y * sqrt(shorter) * vec2(-axis.y, axis.x);
  gl_Position = vec4((2.0 * pixels / size - 1.0) * vec2(1, -1), 0.0, 1.0);
}`;

const FRAGMENT_SHADER = `#version 300 es
precision highp float;
in vec2 place;
flat in vec4 color;
uniform float light;  // 0: all is background
out vec4 pixel;

void main() {
  float alpha = min(0.999, color.a * exp(-0.5 * dot(place, place)));
  if (alpha < 1.0 / 255.0) discard;
  pixel = vec4(color.rgb * light, 1.0) * alpha;
}`;

const SMOOTHING = 0.3; // square pixels of the photo

class Splats {
  // words: what unpack.js gives.
  constructor(gl, words, header) {
    this.gl = gl;
    this.pixel = header.pixel;
    this.near = header.near;
    this.background = header.background;
    this.drawn = 0;
    this.program = linked(gl);
    this.uniforms = {};
    for (const name of "words order count turn eye focal center size pixel widening near light".split(" ")) {
      this.uniforms[name] = gl.getUniformLocation(this.program, name);
    }
    gl.useProgram(this.program);
    const rows = Math.ceil((2 * header.count) / TEXTURE_WIDTH);
    const filled = new Uint32Array(4 * TEXTURE_WIDTH * rows);
    filled.set(words);
    texture(gl, 0, this.uniforms.words);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32UI, TEXTURE_WIDTH, rows, 0, gl.RGBA_INTEGER, gl.UNSIGNED_INT, filled);
    texture(gl, 1, this.uniforms.order);
    const orderRows = Math.ceil(header.count / TEXTURE_WIDTH);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, TEXTURE_WIDTH, orderRows, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, null);
    const corners = Uint16Array.from({ length: 6 * BATCH }, (_, k) => 4 * Math.floor(k / 6) + [0, 1, 2, 2, 1, 3][k % 6]);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, corners, gl.STATIC_DRAW);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  // order: `count` indices, the farthest first, and whatever fills the last row of a texture.
  reorder(order, count) {
    const gl = this.gl, rows = order.length / TEXTURE_WIDTH;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, TEXTURE_WIDTH, rows, gl.RED_INTEGER, gl.UNSIGNED_INT, order);
    this.drawn = count;
  }

  clear() {
    this.gl.clearColor(...this.background, 1);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
  }

  // view: turn (nine numbers, rows), eye, focal, center and size in pixels; light 0..1.
  draw(view) {
    const gl = this.gl, at = this.uniforms;
    gl.uniformMatrix3fv(at.turn, true, view.turn);
    gl.uniform3fv(at.eye, view.eye);
    gl.uniform2fv(at.focal, view.focal);
    gl.uniform2fv(at.center, view.center);
    gl.uniform2fv(at.size, view.size);
    gl.uniform1f(at.pixel, this.pixel);
    const enlarged = Math.max(1, view.focal[0] * this.pixel);
    gl.uniform1f(at.widening, SMOOTHING * enlarged * enlarged);
    gl.uniform1f(at.near, this.near);
    gl.uniform1f(at.light, view.light ?? 1);
    gl.uniform1i(at.count, this.drawn);
    gl.drawElementsInstanced(gl.TRIANGLES, 6 * BATCH, gl.UNSIGNED_SHORT, 0, Math.ceil(this.drawn / BATCH));
  }
}

// Makes a texture of numbers and leaves its unit active; the last made is the one that changes.
function texture(gl, unit, sampler) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
    gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
  }
  gl.uniform1i(sampler, unit);
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program) || "shaders do not compile");
  }
  return program;
}
