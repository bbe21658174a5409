// WebXR: the scene around a head, the photo's camera where its eyes are at the beginning.

const NEAR_M = 1.2; // where the near things of a scene without a measure stand
const FADE = 0.6; // how far beyond the walls, in their distance, until all is dark

// Whether a headset is there.
async function headsetIsThere() {
  try {
    return Boolean(await navigator.xr?.isSessionSupported("immersive-vr"));
  } catch {
    return false;
  }
}

// sort: asks for an order; ended: called when the headset is taken off.
async function enterHeadset(gl, splats, scene, motion, sort, ended) {
  const session = await navigator.xr.requestSession("immersive-vr");
  session.addEventListener("end", ended);
  await gl.makeXRCompatible();
  session.updateRenderState({ baseLayer: new XRWebGLLayer(session, gl) });
  const space = await session.requestReferenceSpace("local");
  const metres = scene.unit === "m" ? 1 : NEAR_M / scene.nearDepth;
  let start = null;

  session.requestAnimationFrame(function frame(_, frameOf) {
    session.requestAnimationFrame(frame);
    const pose = frameOf.getViewerPose(space);
    if (!pose) return;
    start ??= pose.transform.position;
    const layer = session.renderState.baseLayer;
    gl.bindFramebuffer(gl.FRAMEBUFFER, layer.framebuffer);
    gl.viewport(0, 0, layer.framebufferWidth, layer.framebufferHeight);
    splats.clear();
    const views = pose.views.map((view) => eyeView(view, layer.getViewport(view), start, metres));
    const head = views.reduce((sum, view) => sum.map((each, k) => each + view.eye[k] / views.length), [0, 0, 0]);
    const beyond = Math.hypot(...motion.ofWalls(head)) - 1;
    const light = Math.min(1, Math.max(0, 1 - beyond / FADE));
    sort(views[0].turn.slice(6), head);
    for (const view of views) {
      gl.viewport(view.corner[0], view.corner[1], ...view.size);
      splats.draw({ ...view, light });
    }
  });
  return session;
}

// One eye's view: WebXR's axes are x right, y up, z back.
function eyeView(view, viewport, start, metres) {
  const { position, inverse } = view.transform;
  const m = inverse.matrix, p = view.projectionMatrix; // by columns
  return {
    eye: [
      (position.x - start.x) / metres,
      -(position.y - start.y) / metres,
      -(position.z - start.z) / metres,
    ],
    turn: [m[0], -m[4], -m[8], -m[1], m[5], m[9], -m[2], m[6], m[10]],
    focal: [(p[0] * viewport.width) / 2, (p[5] * viewport.height) / 2],
    center: [((1 - p[8]) * viewport.width) / 2, ((1 + p[9]) * viewport.height) / 2],
    size: [viewport.width, viewport.height],
    corner: [viewport.x, viewport.y],
  };
}
