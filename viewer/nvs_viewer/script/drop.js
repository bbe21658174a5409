// Files dropped anywhere on the page, or chosen, go the way of the upload button, one by one.
(() => {
  const DEPTH = /([-_. ](depth|disparity|disp)\.\w+|\.(npz|npy|pfm))$/i;
  const NO_PHOTO = /\.(json|ply|splat|ksplat|spz|sog|glb|gz|zip)$/i;

  const CLIP = /\.(mp4|mov|m4v|mkv|webm|avi|3gp|mpg)$/i;

  const uploadOf = (kind) =>
    [...document.querySelectorAll('input[type="file"]')].find((input) =>
      input.accept.startsWith(kind),
    );

  const give = (file, input) => {
    const one = new DataTransfer();
    one.items.add(file);
    input.files = one.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  // What never comes is not waited for without end.
  const until = async (isTrue, seconds) => {
    const end = performance.now() + 1000 * seconds;
    while (!isTrue() && performance.now() < end) await new Promise((look) => setTimeout(look, 50));
  };

  // viser keeps one file and one progress for each button: the next waits until this one was read.
  const sendOne = async (file) => {
    const json = file.name.endsWith(".json");
    const input = uploadOf(json ? "application/json" : "image/");
    if (!input) return;
    await until(() => !input.disabled, 60);
    const before = nvs.value("received") ?? 0;
    give(file, input);
    if (json || file.size > (nvs.value("home")?.most_bytes ?? 0)) return;
    await until(() => nvs.value("received") > before, 30 + file.size / 50_000);
  };

  const sendTogether = async (photos) => {
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    nvs.say("together", { id });
    await until(() => nvs.value("together") === id, 30);
    for (const [index, photo] of photos.entries()) {
      nvs.tellSent(index + 1, photos.length);
      await sendOne(photo);
    }
    nvs.say("complete", { id });
    nvs.allSent();
  };

  const sendClips = async (clips) => {
    const are = nvs.value("home")?.places ? await nvs.askOfClips(clips) : "stills";
    if (!are) return;
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    nvs.say("clips", { id, are });
    await until(() => nvs.value("clips") === id, 30);
    for (const clip of clips) await sendOne(clip);
  };

  const send = async (files) => {
    const clips = files.filter((file) => CLIP.test(file.name));
    const photos = files.filter(
      ({ name }) => !DEPTH.test(name) && !NO_PHOTO.test(name) && !CLIP.test(name),
    );
    const several = photos.length > 1 && nvs.value("home")?.places;
    const how = several ? await nvs.askOfSeveral(photos) : "each";
    const apart = how === "each" ? clips : [...clips, ...photos];
    // A depth file goes before its photo.
    const sorted = [...files].sort((a, b) => DEPTH.test(b.name) - DEPTH.test(a.name));
    const alone = sorted.filter((file) => !apart.includes(file));
    if (how) for (const file of alone) await sendOne(file);
    if (how === "together") await sendTogether(photos);
    if (clips.length > 0) await sendClips(clips);
  };

  // What is dropped while more is on its way waits for its turn.
  let sending = Promise.resolve();
  const take = (files) => {
    const all = [...files];
    sending = sending.then(() => send(all)).catch(console.error);
  };

  nvs.choosePhoto = () => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.hidden = true;
    input.addEventListener("change", () => {
      take(input.files);
      input.remove();
    });
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
    if (halt(event) && event.dataTransfer.files.length > 0) take(event.dataTransfer.files);
  });
})();
