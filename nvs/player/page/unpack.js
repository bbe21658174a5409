// Packed Gaussians (packed.py) → eight 32-bit words each, as splats.js draws them:
//   x, y, z (floats, the photo's camera's space), colour and opacity (four bytes),
//   and the covariance as the photo's camera sees it, in pixels² (six half floats), one word to spare.

const DEPTH_STEPS = 4000, COVARIANCE_STEPS = 3, COLOR_STEPS = 127, OPACITY_STEPS = 63; // as packed.py

async function unpacked(base64, header) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = header.count;
  let plane = 0;

  // Sums of unfolded differences, modulo what as many bytes hold.
  function column(bytes) {
    const values = bytes === 2 ? new Int16Array(count) : new Int8Array(count);
    const low = planes.subarray(plane * count, (plane + 1) * count);
    const high = bytes === 2 ? planes.subarray((plane + 1) * count, (plane + 2) * count) : null;
    plane += bytes;
    for (let i = 0, sum = 0; i < count; i++) {
      const folded = high ? low[i] | (high[i] << 8) : low[i];
      sum += folded & 1 ? -((folded + 1) >> 1) : folded >> 1;
      values[i] = sum;
    }
    return values;
  }

  const [across, down, depths] = [column(2), column(2), column(2)];
  const logs = Array.from({ length: 6 }, () => column(1));
  const [green, red, blue, opacity] = [column(1), column(1), column(1), column(1)];

  const words = new Uint32Array(8 * count);
  const floats = new Float32Array(words.buffer);
  const { placeStep, depthUnit } = header;
  const squares = new Float64Array(6);
  for (let i = 0, at = 0; i < count; i++, at += 8) {
    const z = depthUnit * Math.exp(depths[i] / DEPTH_STEPS);
    floats[at] = across[i] * placeStep * z;
    floats[at + 1] = down[i] * placeStep * z;
    floats[at + 2] = z;
    const byte = (value) => Math.min(255, Math.max(0, Math.round((255 * value) / COLOR_STEPS)));
    words[at + 3] =
      byte(red[i] + green[i]) |
      (byte(green[i]) << 8) |
      (byte(blue[i] + green[i]) << 16) |
      (Math.round((255 * opacity[i]) / OPACITY_STEPS) << 24);
    for (let k = 0; k < 6; k++) squares[k] = logs[k][i] / COVARIANCE_STEPS;
    exponential(squares);
    for (let k = 0; k < 3; k++) {
      words[at + 4 + k] = half(squares[2 * k]) | (half(squares[2 * k + 1]) << 16);
    }
  }
  return words;
}

// The exponential of a symmetric matrix (xx, yy, zz, xy, xz, yz), in place: exp(A) = exp(A / 2⁶)^(2⁶),
// the inner one by its series, of which five terms leave 1e-6.
const product = new Float64Array(6), power = new Float64Array(6), total = new Float64Array(6);

function exponential(a) {
  for (let k = 0; k < 6; k++) power[k] = total[k] = a[k] /= 64;
  for (let k = 0; k < 3; k++) total[k] += 1;
  for (let term = 2; term <= 5; term++) {
    multiply(power, a);
    for (let k = 0; k < 6; k++) total[k] += power[k] = product[k] / term;
  }
  for (let squaring = 0; squaring < 6; squaring++) {
    multiply(total, total);
    total.set(product);
  }
  a.set(total);
}

// The product of two matrices that commute, and so is symmetric.
function multiply(a, b) {
  product[0] = a[0] * b[0] + a[3] * b[3] + a[4] * b[4];
  product[1] = a[3] * b[3] + a[1] * b[1] + a[5] * b[5];
  product[2] = a[4] * b[4] + a[5] * b[5] + a[2] * b[2];
  product[3] = a[0] * b[3] + a[3] * b[1] + a[4] * b[5];
  product[4] = a[0] * b[4] + a[3] * b[5] + a[4] * b[2];
  product[5] = a[3] * b[4] + a[1] * b[5] + a[5] * b[2];
}

const halfFloat = new Float32Array(1), halfBits = new Uint32Array(halfFloat.buffer);

// A number as IEEE half float; what is too small becomes 0, what is too large the largest.
function half(value) {
  halfFloat[0] = Math.max(-65504, Math.min(65504, value));
  const bits = halfBits[0] + 0x1000; // to nearest
  const exponent = ((bits >>> 23) & 255) - 112;
  const sign = (bits >>> 16) & 0x8000;
  return exponent < 1 ? sign : sign | (Math.min(exponent, 30) << 10) | ((bits >>> 13) & 1023);
}
