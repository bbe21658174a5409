// Files dropped anywhere on the page, or chosen, go the way of the upload button, one by one.
(() => {
  const DEPTH = /([-_. ](depth|disparity|disp)\.\w+|\.(npz|npy|pfm))$/i;

  const uploadOf = (kind) =>
    [...document.querySelectorAll('input[type="file"]')].find((input) =>
      input.accept.startsWith(kind),
    );

  const send = async (files) => {
    // A depth file goes before its photo.
    const sorted = [...files].sort((a, b) => DEPTH.test(b.name) - DEPTH.test(a.name));
    for (const file of sorted) {
      const input = uploadOf(file.name.endsWith(".json") ? "application/json" : "image/");
      if (!input || input.disabled) return;
      const one = new DataTransfer();
      one.items.add(file);
      input.files = one.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      // viser keeps one progress for each button: let a small file arrive before the next.
      await new Promise((done) => setTimeout(done, 150 + file.size / 50_000));
    }
  };

  nvs.choosePhoto = () => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.hidden = true;
    input.addEventListener("change", () => send(input.files));
    input.addEventListener("cancel", () => input.remove());
    document.body.append(input); // Safari forgets what stands nowhere
    input.click();
  };

  const halt = (event) => {
    if (event.dataTransfer && event.dataTransfer.types.includes("Files")) {
      event.preventDefault();
      return true;
    }
    return false;
  };
  const root = document.documentElement;
  window.addEventListener("dragover", (event) => {
    if (!halt(event)) return;
    event.dataTransfer.dropEffect = "copy";
    root.toggleAttribute("data-nvs-dragged", true);
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.removeAttribute("data-nvs-dragged");
  });
  window.addEventListener("drop", (event) => {
    root.removeAttribute("data-nvs-dragged");
    if (halt(event) && event.dataTransfer.files.length > 0) send(event.dataTransfer.files);
  });
})();
