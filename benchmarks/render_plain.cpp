// The CPU rasterizer's algorithm in plain C++, to compare with: no intrinsics, no prefetch,
// no tricks but the compiler's.  Built by benchmarks/render.py where there is a g++.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr int kTile = 16;

struct Splat {
  float x, y, a, b, c, opacity, red, green, blue, depth, reach_x, reach_y;
  int first_x, last_x, first_y, last_y;  // tiles
};

bool project(const float* mean, const float* quat, const float* scale, float opacity,
             const float* color, const float* view, const float* lens, int width, int height,
             Splat& out) {
  float p[3];
  for (int r = 0; r < 3; ++r)
    p[r] = view[4 * r] * mean[0] + view[4 * r + 1] * mean[1] + view[4 * r + 2] * mean[2] +
           view[4 * r + 3];
  const float z = p[2];
  if (!(z >= 0.01f)) return false;
  const float fx = lens[0], fy = lens[1], cx = lens[2], cy = lens[3];
  const float norm = std::sqrt(quat[0] * quat[0] + quat[1] * quat[1] + quat[2] * quat[2] +
                               quat[3] * quat[3]);
  const float w = quat[0] / norm, x = quat[1] / norm, y = quat[2] / norm, q = quat[3] / norm;
  const float turn[3][3] = {
      {1 - 2 * (y * y + q * q), 2 * (x * y - w * q), 2 * (x * q + w * y)},
      {2 * (x * y + w * q), 1 - 2 * (x * x + q * q), 2 * (y * q - w * x)},
      {2 * (x * q - w * y), 2 * (y * q + w * x), 1 - 2 * (x * x + y * y)}};
  const float mx = 0.15f * width / fx, my = 0.15f * height / fy;
  const float tx = std::clamp(p[0] / z, -cx / fx - mx, (width - cx) / fx + mx);
  const float ty = std::clamp(p[1] / z, -cy / fy - my, (height - cy) / fy + my);
  float a[3], b[3];
  for (int k = 0; k < 3; ++k) {
    a[k] = b[k] = 0;
    for (int j = 0; j < 3; ++j) {
      a[k] += fx / z * (view[j] - tx * view[8 + j]) * turn[j][k] * scale[k];
      b[k] += fy / z * (view[4 + j] - ty * view[8 + j]) * turn[j][k] * scale[k];
    }
  }
  const float xx = a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + 0.3f;
  const float yy = b[0] * b[0] + b[1] * b[1] + b[2] * b[2] + 0.3f;
  const float xy = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const float det = xx * yy - xy * xy;
  if (!(det > 0) || opacity < 1.0f / 255) return false;
  const float sigmas = std::min(3.33f, std::sqrt(2 * std::log(opacity * 255)));
  out = {fx * p[0] / z + cx, fy * p[1] / z + cy, yy / det, -xy / det, xx / det, opacity,
         color[0], color[1], color[2], z, sigmas * std::sqrt(xx), sigmas * std::sqrt(yy)};
  const int tiles_x = (width + kTile - 1) / kTile, tiles_y = (height + kTile - 1) / kTile;
  const auto tile = [](float at, int most) {
    return int(std::clamp(std::floor(at), 0.0f, float(most)));
  };
  out.first_x = tile((out.x - out.reach_x) / kTile, tiles_x);
  out.last_x = tile((out.x + out.reach_x) / kTile + 1, tiles_x);
  out.first_y = tile((out.y - out.reach_y) / kTile, tiles_y);
  out.last_y = tile((out.y + out.reach_y) / kTile + 1, tiles_y);
  return out.last_x > out.first_x && out.last_y > out.first_y;
}

}  // namespace

extern "C" void render(int64_t count, const float* means, const float* quats,
                       const float* scales, const float* opacities, const float* colors,
                       const float* view, const float* lens, int width, int height, float* rgb,
                       float* alpha, float* depth) {
  std::vector<Splat> splats(count);
  std::vector<uint8_t> visible(count);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i)
    visible[i] = project(means + 3 * i, quats + 4 * i, scales + 3 * i, opacities[i],
                         colors + 3 * i, view, lens, width, height, splats[i]);

  std::vector<uint64_t> keys, other;
  for (int64_t i = 0; i < count; ++i) {
    if (!visible[i]) continue;
    uint32_t bits;
    std::memcpy(&bits, &splats[i].depth, 4);
    keys.push_back(uint64_t(bits) << 32 | uint64_t(i));
  }
  other.resize(keys.size());
  for (int shift = 32; shift < 64; shift += 11) {
    std::vector<size_t> starts(2049);
    for (uint64_t key : keys) ++starts[(key >> shift & 2047) + 1];
    for (int digit = 0; digit < 2048; ++digit) starts[digit + 1] += starts[digit];
    for (uint64_t key : keys) other[starts[key >> shift & 2047]++] = key;
    keys.swap(other);
  }

  const int tiles_x = (width + kTile - 1) / kTile, tiles_y = (height + kTile - 1) / kTile;
  std::vector<size_t> starts(tiles_x * tiles_y + 1);
  for (uint64_t key : keys) {
    const Splat& s = splats[uint32_t(key)];
    for (int y = s.first_y; y < s.last_y; ++y)
      for (int x = s.first_x; x < s.last_x; ++x) ++starts[y * tiles_x + x + 1];
  }
  for (int t = 0; t < tiles_x * tiles_y; ++t) starts[t + 1] += starts[t];
  std::vector<uint32_t> lists(starts.back());
  std::vector<size_t> cursors(starts.begin(), starts.end() - 1);
  for (uint64_t key : keys) {
    const Splat& s = splats[uint32_t(key)];
    for (int y = s.first_y; y < s.last_y; ++y)
      for (int x = s.first_x; x < s.last_x; ++x)
        lists[cursors[y * tiles_x + x]++] = uint32_t(key);
  }

#pragma omp parallel for schedule(dynamic, 8)
  for (int t = 0; t < tiles_x * tiles_y; ++t) {
    const int left = t % tiles_x * kTile, top = t / tiles_x * kTile;
    float through[kTile][kTile], seen[4][kTile][kTile] = {};
    bool done[kTile][kTile] = {};
    for (auto& row : through) std::fill(row, row + kTile, 1.0f);
    for (size_t e = starts[t]; e < starts[t + 1]; ++e) {
      const Splat& s = splats[lists[e]];
      const int x0 = std::max(0, int(std::ceil(s.x - s.reach_x - 0.5f)) - left);
      const int x1 = std::min(kTile - 1, int(std::floor(s.x + s.reach_x - 0.5f)) - left);
      const int y0 = std::max(0, int(std::ceil(s.y - s.reach_y - 0.5f)) - top);
      const int y1 = std::min(kTile - 1, int(std::floor(s.y + s.reach_y - 0.5f)) - top);
      for (int y = y0; y <= y1; ++y) {
        const float dy = top + y + 0.5f - s.y;
        for (int x = x0; x <= x1; ++x) {
          const float dx = left + x + 0.5f - s.x;
          const float sigma = 0.5f * (s.a * dx * dx + s.c * dy * dy) + s.b * dx * dy;
          const float opacity = std::min(0.999f, s.opacity * std::exp(-sigma));
          if (opacity < 1.0f / 255 || sigma < 0 || done[y][x]) continue;
          const float after = through[y][x] * (1 - opacity);
          if (after <= 1e-4f) {
            done[y][x] = true;
            continue;
          }
          const float weight = through[y][x] * opacity;
          seen[0][y][x] += weight * s.red;
          seen[1][y][x] += weight * s.green;
          seen[2][y][x] += weight * s.blue;
          seen[3][y][x] += weight * s.depth;
          through[y][x] = after;
        }
      }
    }
    for (int y = 0; y < std::min(kTile, height - top); ++y)
      for (int x = 0; x < std::min(kTile, width - left); ++x) {
        const int64_t pixel = int64_t(top + y) * width + left + x;
        const float covered = 1 - through[y][x];
        for (int k = 0; k < 3; ++k) rgb[3 * pixel + k] = seen[k][y][x];
        alpha[pixel] = covered;
        depth[pixel] = covered > 0 ? seen[3][y][x] / covered : 0;
      }
  }
}
