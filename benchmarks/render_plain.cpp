// The CPU rasterizer's algorithm in plain C++, to compare with: the same steps in the same
// order on the same threads, vectorised by the compiler alone.  Forward only, plain colours, no
// background.  benchmarks/render.py builds it where there is a g++.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <omp.h>

namespace {

constexpr int kTile = 16, kPlane = kTile * kTile, kAhead = 32;

struct alignas(64) Record {  // one cache line; alpha = 2^(log_opacity - (p dx + q dy)² - (r dy)²)
  float x, y, p, q, r, log_opacity, red, green, blue, depth, reach_x, reach_y;
};
struct Tiles {
  uint16_t first_x, end_x, first_y, end_y;
};

bool project(const float* mean, const float* quat, const float* scale, float opacity,
             const float* color, const float* view, const float* lens, int width, int height,
             Record& record, Tiles& tiles) {
  float c[3];
  for (int k = 0; k < 3; ++k)
    c[k] = view[4 * k] * mean[0] + view[4 * k + 1] * mean[1] + view[4 * k + 2] * mean[2] +
           view[4 * k + 3];
  const float z = c[2];
  if (!(z >= 0.01f)) return false;
  const float fx = lens[0], fy = lens[1], cx = lens[2], cy = lens[3];
  const float unit = 1 / std::sqrt(quat[0] * quat[0] + quat[1] * quat[1] + quat[2] * quat[2] +
                                   quat[3] * quat[3]);
  const float w = quat[0] * unit, i = quat[1] * unit, j = quat[2] * unit, k = quat[3] * unit;
  const float turn[3][3] = {{1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)},
                            {2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)},
                            {2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)}};
  const float mx = 0.15f * width / fx, my = 0.15f * height / fy;
  const float tx = std::clamp(c[0] / z, -cx / fx - mx, (width - cx) / fx + mx);
  const float ty = std::clamp(c[1] / z, -cy / fy - my, (height - cy) / fy + my);
  float a[3] = {}, b[3] = {};
  for (int n = 0; n < 3; ++n)
    for (int m = 0; m < 3; ++m) {
      a[n] += fx / z * (view[m] - tx * view[8 + m]) * turn[m][n] * scale[n];
      b[n] += fy / z * (view[4 + m] - ty * view[8 + m]) * turn[m][n] * scale[n];
    }
  const float xx = a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + 0.3f;
  const float yy = b[0] * b[0] + b[1] * b[1] + b[2] * b[2] + 0.3f;
  const float xy = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const float det = xx * yy - xy * xy;
  if (!(det > 0) || opacity < 1.0f / 255) return false;
  const float half_log2_e = 0.72134752f;
  const float sigmas = std::min(3.33f, std::sqrt(2 * std::log(opacity * 255)));
  const float x = fx * c[0] / z + cx, y = fy * c[1] / z + cy;
  const float reach_x = sigmas * std::sqrt(xx), reach_y = sigmas * std::sqrt(yy);
  const float p = std::sqrt(half_log2_e * yy / det);
  record = {x, y, p, -p * xy / yy, std::sqrt(half_log2_e / yy), std::log2(opacity),
            color[0], color[1], color[2], z, reach_x, reach_y};
  const int first_x = std::max(0.0f, std::ceil(x - reach_x - 0.5f));
  const int first_y = std::max(0.0f, std::ceil(y - reach_y - 0.5f));
  const int last_x = std::min(width - 1.0f, std::floor(x + reach_x - 0.5f));
  const int last_y = std::min(height - 1.0f, std::floor(y + reach_y - 0.5f));
  tiles = {uint16_t(first_x / kTile), uint16_t(last_x / kTile + 1), uint16_t(first_y / kTile),
           uint16_t(last_y / kTile + 1)};
  return last_x >= first_x && last_y >= first_y;
}

// 2^x for -8 <= x <= 0.
inline float exp2_of(float x) {
  x *= 0.125f;
  float y = 0.99999993f +
            x * (0.69314225f +
                 x * (0.24017219f + x * (0.055279723f + x * (0.0091886116f + x * 0.00093878831f))));
  y *= y;
  y *= y;
  return y * y;
}

// One Gaussian into `lanes` pixels; planes: transmittance (negative: finished), red, green,
// blue, depth.
template <int lanes>
inline void blend_row(float* pixels, float slope, float u, float exponent, const Record& g) {
#pragma omp simd
  for (int lane = 0; lane < lanes; ++lane) {
    const float v = u + slope * lane, e = exponent - v * v;
    float alpha = exp2_of(e);
    alpha = alpha < 0.999f ? alpha : 0.999f;
    alpha = e >= -7.9943534f ? alpha : 0.0f;
    const float before = pixels[lane], after = before * (1 - alpha);
    const bool goes_on = after > 1e-4f;
    const float weight = goes_on ? before * alpha : 0.0f;
    pixels[lane] = goes_on ? after : -std::fabs(before);
    pixels[lane + kPlane] += weight * g.red;
    pixels[lane + 2 * kPlane] += weight * g.green;
    pixels[lane + 3 * kPlane] += weight * g.blue;
    pixels[lane + 4 * kPlane] += weight * g.depth;
  }
}

}  // namespace

extern "C" void render(int64_t count, const float* means, const float* quats,
                       const float* scales, const float* opacities, const float* colors,
                       const float* view, const float* lens, int width, int height, float* rgb,
                       float* alpha, float* depth) {
  const int chunks = 4 * omp_get_max_threads();
  const auto start_of = [&](int64_t length, int chunk) { return chunk * length / chunks; };

  std::unique_ptr<Record[]> records(new Record[count]);
  std::unique_ptr<Tiles[]> tiles(new Tiles[count]);
  std::unique_ptr<uint64_t[]> keys(new uint64_t[count]), other(new uint64_t[count]);
  std::vector<int64_t> filled(chunks + 1);
#pragma omp parallel for schedule(static)
  for (int chunk = 0; chunk < chunks; ++chunk) {
    int64_t found = start_of(count, chunk);
    for (int64_t i = found; i < start_of(count, chunk + 1); ++i) {
      if (!project(means + 3 * i, quats + 4 * i, scales + 3 * i, opacities[i], colors + 3 * i,
                   view, lens, width, height, records[i], tiles[i]))
        continue;
      uint32_t bits;
      std::memcpy(&bits, &records[i].depth, 4);
      keys[found++] = uint64_t(bits) << 32 | uint64_t(i);
    }
    filled[chunk + 1] = found - start_of(count, chunk);
  }
  for (int chunk = 0; chunk < chunks; ++chunk) filled[chunk + 1] += filled[chunk];
#pragma omp parallel for schedule(static)
  for (int chunk = 0; chunk < chunks; ++chunk)
    std::copy_n(&keys[start_of(count, chunk)], filled[chunk + 1] - filled[chunk],
                &other[filled[chunk]]);
  keys.swap(other);
  const int64_t visible = filled[chunks];

  std::vector<int64_t> cursors(chunks * 2048);
  for (int shift = 32; shift < 64; shift += 11) {
#pragma omp parallel for schedule(static)
    for (int chunk = 0; chunk < chunks; ++chunk) {
      int64_t* counts = &cursors[chunk * 2048];
      std::fill_n(counts, 2048, 0);
      for (int64_t n = start_of(visible, chunk); n < start_of(visible, chunk + 1); ++n)
        ++counts[keys[n] >> shift & 2047];
    }
    int64_t total = 0;
    for (int digit = 0; digit < 2048; ++digit)
      for (int chunk = 0; chunk < chunks; ++chunk)
        total += std::exchange(cursors[chunk * 2048 + digit], total);
#pragma omp parallel for schedule(static)
    for (int chunk = 0; chunk < chunks; ++chunk)
      for (int64_t n = start_of(visible, chunk); n < start_of(visible, chunk + 1); ++n)
        other[cursors[chunk * 2048 + (keys[n] >> shift & 2047)]++] = keys[n];
    keys.swap(other);
  }

  const int tiles_x = (width + kTile - 1) / kTile, tiles_y = (height + kTile - 1) / kTile;
  const int all_tiles = tiles_x * tiles_y;
  std::vector<int64_t> places(int64_t(chunks) * all_tiles), starts(all_tiles + 1);
  const auto for_each_pair = [&](int chunk, auto&& visit) {
    for (int64_t n = start_of(visible, chunk); n < start_of(visible, chunk + 1); ++n) {
      __builtin_prefetch(&tiles[uint32_t(keys[std::min(n + kAhead, visible - 1)])]);
      const Tiles t = tiles[uint32_t(keys[n])];
      for (int y = t.first_y; y < t.end_y; ++y)
        for (int x = t.first_x; x < t.end_x; ++x)
          visit(places[int64_t(chunk) * all_tiles + y * tiles_x + x], uint32_t(keys[n]));
    }
  };
#pragma omp parallel for schedule(static)
  for (int chunk = 0; chunk < chunks; ++chunk)
    for_each_pair(chunk, [](int64_t& pairs, uint32_t) { ++pairs; });
  int64_t total = 0;
  for (int tile = 0; tile < all_tiles; ++tile) {
    starts[tile] = total;
    for (int chunk = 0; chunk < chunks; ++chunk)
      total += std::exchange(places[int64_t(chunk) * all_tiles + tile], total);
  }
  starts[all_tiles] = total;
  std::unique_ptr<uint32_t[]> lists(new uint32_t[total]);
#pragma omp parallel for schedule(static)
  for (int chunk = 0; chunk < chunks; ++chunk)
    for_each_pair(chunk, [&](int64_t& place, uint32_t i) { lists[place++] = i; });

#pragma omp parallel for schedule(static)
  for (int tile = 0; tile < all_tiles; ++tile) {
    const int left = tile % tiles_x * kTile, top = tile / tiles_x * kTile;
    const int columns = std::min(kTile, width - left), rows = std::min(kTile, height - top);
    alignas(64) float pixels[5 * kPlane] = {};
    for (int row = 0; row < kTile; ++row)
      for (int column = 0; column < kTile; ++column)
        pixels[row * kTile + column] = row < rows && column < columns ? 1.0f : -1.0f;
    for (int64_t n = starts[tile]; n < starts[tile + 1]; ++n) {
      __builtin_prefetch(&records[lists[std::min(n + kAhead, total - 1)]]);
      const Record& g = records[lists[n]];
      const float x = g.x - left - 0.5f, y = g.y - top - 0.5f;
      const int first_row = std::ceil(std::max(y - g.reach_y, 0.0f));
      const int last_row = std::floor(std::min(y + g.reach_y, kTile - 1.0f));
      const int first_column = std::ceil(std::max(x - g.reach_x, 0.0f));
      const int last_column = std::floor(std::min(x + g.reach_x, kTile - 1.0f));
      if (last_column < first_column) continue;
      const bool narrow = last_column - first_column < 8;
      const int column = narrow ? std::min(first_column, kTile - 8) : 0;
      for (int row = first_row; row <= last_row; ++row) {
        const float dy = row - y, v = g.r * dy;
        const float u = g.p * (column - x) + g.q * dy, e = g.log_opacity - v * v;
        float* at = pixels + row * kTile + column;
        narrow ? blend_row<8>(at, g.p, u, e, g) : blend_row<kTile>(at, g.p, u, e, g);
      }
      if ((n - starts[tile]) % kAhead == kAhead - 1 &&
          std::none_of(pixels, pixels + kPlane, [](float t) { return t > 0; }))
        break;
    }
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < columns; ++column) {
        const int64_t pixel = int64_t(top + row) * width + left + column;
        const float* seen = pixels + row * kTile + column;
        const float covered = 1 - std::fabs(seen[0]);
        for (int k = 0; k < 3; ++k) rgb[3 * pixel + k] = seen[(k + 1) * kPlane];
        alpha[pixel] = covered;
        depth[pixel] = covered > 0 ? seen[4 * kPlane] / covered : 0;
      }
  }
}
