// Several photos at once: one place seen from several sides, or a scene of each?
document.addEventListener("DOMContentLoaded", () => {
  const KEPT = 5; // scenes of a visit
  const dialog = document.createElement("dialog");
  dialog.id = "nvs-several";
  dialog.setAttribute("aria-labelledby", "nvs-several-title");
  dialog.innerHTML = `
    <h2 id="nvs-several-title"></h2>
    <div class="nvs-strip"></div>
    <button value="together"><b>They show one place</b>
      <span>One scene of all of them. Takes some minutes.</span></button>
    <button value="each"><b>A scene of each</b><span></span></button>
    <p hidden><span></span></p>`;
  document.body.append(dialog);
  const part = (selector) => dialog.querySelector(selector);
  const buttons = dialog.querySelectorAll("button");

  const showPictures = (files) => {
    const pictures = files.slice(0, 5).map((file) => {
      const image = document.createElement("img");
      image.alt = "";
      image.src = URL.createObjectURL(file);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src));
      image.addEventListener("error", () => image.remove()); // of a kind that browsers do not show
      return image;
    });
    part(".nvs-strip").replaceChildren(...pictures);
  };

  // "together", "each", or null where it was thought better of.
  nvs.askOfSeveral = (files) =>
    new Promise((answer) => {
      part("h2").textContent = `${files.length} photos`;
      part('[value="each"] span').textContent =
        files.length > KEPT
          ? `One after the other; the last ${KEPT} stay under Photos.`
          : "One after the other; they are then under Photos.";
      part("p").hidden = true;
      showPictures(files);
      let chosen = null;
      for (const button of buttons) {
        button.hidden = false;
        button.onclick = () => {
          chosen = button.value;
          if (chosen === "each") return dialog.close();
          for (const other of buttons) other.hidden = true;
          dialog.onclose = null; // it stays until they are sent
          answer(chosen);
        };
      }
      dialog.onclose = () => answer(chosen);
      dialog.showModal();
    });

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
