// Several photos at once, or a clip: one place seen from several sides, or a scene of each?
document.addEventListener("DOMContentLoaded", () => {
  const KEPT = 20; // scenes of a visit
  const dialog = document.createElement("dialog");
  dialog.id = "nvs-several";
  dialog.setAttribute("aria-labelledby", "nvs-several-title");
  dialog.innerHTML = `
    <h2 id="nvs-several-title"></h2>
    <div class="nvs-strip"></div>
    <button><b></b><span></span></button>
    <button><b></b><span></span></button>
    <p hidden><span></span></p>`;
  document.body.append(dialog);
  const part = (selector) => dialog.querySelector(selector);
  const buttons = dialog.querySelectorAll("button");

  const pictureOf = (file) => {
    const isClip = file.type.startsWith("video/");
    const picture = document.createElement(isClip ? "video" : "img");
    const address = URL.createObjectURL(file);
    picture.src = address;
    if (isClip) picture.muted = true;
    else picture.alt = "";
    picture.addEventListener("error", () => picture.remove()); // of a kind that browsers do not show
    dialog.addEventListener("close", () => URL.revokeObjectURL(address), { once: true });
    return picture;
  };

  // One of the choices' values, or null where it was thought better of.
  const ask = (title, files, choices) =>
    new Promise((answer) => {
      part("h2").textContent = title;
      part("p").hidden = true;
      part(".nvs-strip").replaceChildren(...files.slice(0, 5).map(pictureOf));
      let chosen = null;
      choices.forEach(({ value, name, more, stays }, index) => {
        const button = buttons[index];
        button.hidden = false;
        button.value = value;
        button.firstChild.textContent = name;
        button.lastChild.textContent = more;
        button.onclick = () => {
          chosen = value;
          if (!stays) return dialog.close();
          for (const other of buttons) other.hidden = true;
          dialog.onclose = null; // it stays until they are sent
          answer(chosen);
        };
      });
      dialog.onclose = () => answer(chosen);
      dialog.showModal();
    });

  const lacking = () => nvs.value("home").lacks;

  // "together", "each", or null.
  nvs.askOfSeveral = (files) =>
    ask(`${files.length} photos`, files, [
      {
        value: "together",
        name: "They show one place",
        more: lacking()
          ? `Needs ${lacking()}, where this program runs.`
          : "One scene of all of them. Takes some minutes.",
        stays: true,
      },
      {
        value: "each",
        name: "A scene of each",
        more:
          files.length > KEPT
            ? `One after the other; the last ${KEPT} stay under Photos.`
            : "One after the other; they are then under Photos.",
      },
    ]);

  // "places", "stills", or null.
  nvs.askOfClips = (files) =>
    ask(files.length > 1 ? `${files.length} clips` : "A clip", files, [
      {
        value: "places",
        name: "Its camera walks through a place",
        more: lacking()
          ? `Needs ${lacking()}, where this program runs.`
          : "One scene of many of its frames. Takes some minutes.",
      },
      { value: "stills", name: "Its best still", more: "A scene of its sharpest frame." },
    ]);

  nvs.tellSent = (number, of) => {
    part("p").hidden = false;
    part("p span").textContent = `Photo ${number} of ${of} is on its way …`;
  };
  nvs.allSent = () => dialog.close();
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && !buttons[0].hidden) dialog.close();
  });
  dialog.addEventListener("cancel", (event) => buttons[0].hidden && event.preventDefault());
});
