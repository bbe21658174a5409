// A photo dropped anywhere on the page goes the way of the upload button.
(() => {
  const halt = (event) => {
    if (event.dataTransfer && event.dataTransfer.types.includes("Files")) {
      event.preventDefault();
      return true;
    }
    return false;
  };
  window.addEventListener("dragover", (event) => {
    if (halt(event)) event.dataTransfer.dropEffect = "copy";
  });
  window.addEventListener("drop", (event) => {
    if (!halt(event) || event.dataTransfer.files.length === 0) return;
    const inputs = [...document.querySelectorAll('input[type="file"]')];
    const input = inputs.find((i) => i.accept.startsWith("image/"));
    if (!input || input.disabled) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
