// The buttons on the picture, and the keys that do the same.
document.addEventListener("DOMContentLoaded", () => {
  const icons = {
    photos: "M4 5h16v14H4zM4 15l4-4 5 5m1-3 2-2 4 4M15 9h.01",
    home: "M4 12l8-8 8 8M6 10v9h4v-5h4v5h4v-9",
    play: "M7 4v16l13-8z",
    stop: "M6 6h12v12H6z",
    film: "M4 6h11v12H4zM15 11l5-3v8l-5-3",
    send: "M12 15V3M7 8l5-5 5 5M5 12v8h14v-8",
    whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
    tilt: "M8 3h8v18H8zM3 8l-1 4 1 4M21 8l1 4-1 4",
    help: "M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M12 17h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  };
  const bar = document.createElement("nav");
  bar.id = "nvs-bar";
  const help = document.createElement("dialog");
  help.id = "nvs-help";
  document.body.append(bar, help);

  const draw = (button, icon) => {
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[icon]}"/></svg>`;
  };
  const add = (icon, name, key, press) => {
    const button = document.createElement("button");
    draw(button, icon);
    button.title = key ? `${name} (${key})` : name;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => {
      press();
      button.blur(); // the keys are the camera's again
    });
    bar.append(button);
    return button;
  };

  const whole = () => document.documentElement.toggleAttribute("data-nvs-whole");
  add("photos", "Photos", "", () => nvs.openHome());
  add("home", "To the photo's view", "H", () => nvs.say("home"));
  const play = add("play", "Fly", "Space", () => nvs.say("play"));
  const tilt = add("tilt", "Look around by tilting", "", () => nvs.tilt(tilt));
  tilt.hidden = !nvs.canTilt;
  const showTab = (name) => {
    document.documentElement.removeAttribute("data-nvs-whole");
    nvs.viser.showTab(name);
  };
  add("film", "Film it, take a picture", "", () => showTab("Shot"));
  add("send", "Send it, save it", "", () => showTab("Save"));
  add("whole", "Picture alone", "F", whole);
  add("help", "Help", "?", () => help.showModal());
  nvs.on("flying", (flying) => {
    draw(play, flying ? "stop" : "play");
    play.setAttribute("aria-pressed", String(Boolean(flying)));
  });

  const byTouch = [
    ["one finger", "look around"],
    ["two fingers", "move sideways, come closer"],
    ["tilt the phone", "look around, after the button with the phone"],
  ];
  const byHand = [
    ["drag", "look around"],
    ["right-drag", "move sideways"],
    ["scroll", "come closer"],
    ["W A S D", "walk"],
    ["Q E", "down, up"],
    ["arrows", "turn"],
    ["space", "fly, stop"],
    ["H", "to the photo's view"],
    ["K", "keep this view for a flight"],
    ["Ctrl Z", "undo the last change of the views"],
    ["F", "picture alone"],
  ];
  const rows = matchMedia("(pointer: coarse)").matches ? byTouch : byHand;
  help.innerHTML = `<table>${rows
    .map(([how, what]) => `<tr><th>${how}</th><td>${what}</td></tr>`)
    .join("")}</table><form method="dialog"><button>Close</button></form>`;
  help.addEventListener("click", (event) => event.target === help && help.close());

  const keys = {
    " ": () => nvs.say("play"),
    h: () => nvs.say("home"),
    k: () => nvs.say("keep"),
    f: whole,
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || document.documentElement.dataset.nvs !== "scene" || help.open) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z") {
      event.preventDefault();
      nvs.say(event.shiftKey ? "redo" : "undo");
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && key in keys && !event.repeat) {
      if (key === " " && event.target.closest?.("button")) return; // it presses the button
      event.preventDefault();
      keys[key]();
    }
  });
});
