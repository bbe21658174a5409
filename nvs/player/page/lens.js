// What of the photo's view the window shows.  A window of another shape shows a part of it, and moves that
// part along with the camera; where too little were left of the photo, it shows more and leaves bars.

const LEAST_SHOWN = { wide: 0.75, tall: 0.5 }; // of the photo's width or height, by the window's shape

// The frame [width, height] in a window, all CSS pixels.
function frameIn(width, height, camera) {
  const photo = camera.width / camera.height;
  const least = width > height ? LEAST_SHOWN.wide : LEAST_SHOWN.tall;
  const shape = Math.min(Math.max(width / height, photo * least), photo / least);
  return width / height > shape ? [Math.round(height * shape), height] : [width, Math.round(width / shape)];
}

// The lens of a frame: focal and center in its pixels; at: the camera's place in the unit ball.
function lensOf(width, height, camera, zoom, at) {
  const fit = Math.max(width / camera.width, height / camera.height);
  const spare = [camera.width - width / fit, camera.height - height / fit]; // pixels of the photo
  const middle = [
    camera.width / 2 + (at[0] * spare[0]) / 2,
    camera.height / 2 + (at[1] * spare[1]) / 2,
  ];
  return {
    focal: [camera.focal[0] * fit * zoom, camera.focal[1] * fit * zoom],
    center: [
      (camera.center[0] - middle[0]) * fit + width / 2,
      (camera.center[1] - middle[1]) * fit + height / 2,
    ],
    size: [width, height],
  };
}
