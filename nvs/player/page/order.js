// Runs in a worker: unpacks the Gaussians, then sorts them, the farthest first, as often as it is asked.

const BUCKETS = 1 << 16;
const ROW = 2048; // of the texture that takes the order
let words = null, places = null, depthBits = null, buckets = null;
const counts = new Uint32Array(BUCKETS);

onmessage = async ({ data }) => {
  try {
    if (data.base64) {
      words = await unpacked(data.base64, data.header);
      places = new Float32Array(words.buffer);
      depthBits = new Float32Array(data.header.count);
      buckets = new Uint32Array(depthBits.buffer);
      postMessage({ words: words.slice() });
    } else {
      const sorted = farthestFirst(data.forward, data.eye, data.near);
      postMessage(sorted, [sorted.order.buffer]);
    }
  } catch (error) {
    postMessage({ error: String(error) });
  }
};

// Counting sort by the bits of the depth, which order as positive floats do and are finest nearby.
function farthestFirst([fx, fy, fz], [ex, ey, ez], near) {
  const total = depthBits.length;
  const offset = fx * ex + fy * ey + fz * ez;
  let shown = 0, least = Infinity, most = near;
  for (let i = 0, at = 0; i < total; i++, at += 8) {
    const depth = fx * places[at] + fy * places[at + 1] + fz * places[at + 2] - offset;
    if (depth > near) {
      shown++;
      if (depth < least) least = depth;
      if (depth > most) most = depth;
    }
    depthBits[i] = depth > near ? depth : 0;
  }
  const order = new Uint32Array(ROW * Math.ceil(shown / ROW));
  if (shown === 0) return { order, count: 0 };
  const [first, last] = new Uint32Array(new Float32Array([least, most]).buffer);
  let shift = 0;
  while ((last - first) >>> shift >= BUCKETS) shift++;
  counts.fill(0);
  for (let i = 0; i < total; i++) {
    if (buckets[i] !== 0) counts[(last - buckets[i]) >>> shift]++;
  }
  for (let bucket = 0, sum = 0; bucket < BUCKETS; bucket++) {
    const held = counts[bucket];
    counts[bucket] = sum;
    sum += held;
  }
  for (let i = 0; i < total; i++) {
    if (buckets[i] !== 0) order[counts[(last - buckets[i]) >>> shift]++] = i;
  }
  return { order, count: shown };
}
