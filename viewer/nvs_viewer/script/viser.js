// What this script uses of viser that viser does not promise to keep: all of it is named here.
nvs.viser = (() => {
  let found = null;

  // The corners of viser's splats have two numbers each, and three.js, which asks every geometry for
  // its middle to sort by, computes NaN and says so in the console.  It is told one.
  const MIDDLE = { center: { x: 0, y: 0, z: 0 }, radius: Infinity };
  const tellMiddle = ({ geometry }) => {
    if (geometry?.boundingSphere === null && geometry.attributes.position?.itemSize === 2)
      geometry.boundingSphere = MIDDLE;
  };
  // three.js shows its scenes to developers' tools in this way.
  window.__THREE_DEVTOOLS__ ??= new EventTarget();
  __THREE_DEVTOOLS__.addEventListener("observe", ({ detail }) => {
    if (detail?.isScene) detail.onBeforeRender = () => detail.traverse(tellMiddle);
  });

  // viser's own state hangs on React's tree above the element that is dragged.
  const viewer = () => {
    const stage = document.querySelector("[data-camera-controls-version]");
    const key = stage && Object.keys(stage).find((name) => name.startsWith("__reactFiber"));
    for (let node = key && stage[key]; node; node = node.return) {
      const value = node.memoizedProps?.value;
      if (value?.mutable?.current && value.useDevSettings) return value;
    }
    return null;
  };

  const mutable = () => {
    found ??= viewer();
    return found?.mutable.current ?? null;
  };

  return {
    // The element in which the scene is drawn and dragged; null before viser has made it.
    canvas: () => document.querySelector("[data-camera-controls-version]"),
    // The camera's controls (the library camera-controls), or null.
    controls: () => mutable()?.cameraControl ?? null,
    // No grey cross in the picture while it is dragged.
    hideCrosshair: () => mutable() && found.useDevSettings.set?.({ enableOrbitCrosshair: false }),
    // The head of the panel at the bottom of small windows, or null.
    sheetHead: () => {
      const sheet = nvs.viser.sheet();
      return sheet?.querySelector('[style*="height: 3.5em"]') ?? null;
    },
    sheet: () => document.querySelector('.mantine-Paper-root[style*="position: fixed"]'),
    // The words of the panel's tab that is open, or null.
    openTab: () =>
      document.querySelector('[role="tab"][aria-selected="true"]')?.textContent.trim() ?? null,
    // Open one of them, and the panel of small windows around it.
    showTab: (name) => {
      const head = nvs.viser.sheetHead();
      if (head && !nvs.viser.isOpen(head)) head.click();
      const press = (triesLeft) => {
        if (nvs.viser.openTab() === name || triesLeft === 0) return;
        const tabs = [...document.querySelectorAll('[role="tab"]')];
        const tab = tabs.find((tab) => tab.textContent.trim() === name);
        // The panel at the side listens to keys, the one of small windows to clicks.
        tab?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        tab?.click();
        setTimeout(press, 200, triesLeft - 1);
      };
      press(10);
    },
    isOpen: (head) => head.nextElementSibling?.getAttribute("aria-hidden") === "false",
  };
})();
