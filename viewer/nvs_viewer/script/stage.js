// What stands where the scene will be: a place for a photo, and the photo while it is worked on.
document.addEventListener("DOMContentLoaded", () => {
  const stage = document.createElement("div");
  stage.id = "nvs-stage";
  stage.innerHTML = `
    <section class="nvs-home" aria-label="Photos">
      <button class="nvs-close" aria-label="Back to the scene">✕</button>
      <h1>One photo becomes a place to fly through</h1>
      <button class="nvs-drop">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 16l4.6-4.6a2 2 0 0 1 2.8 0L16 16
          m-2-2l1.6-1.6a2 2 0 0 1 2.8 0L20 14M4 19V6a1 1 0 0 1 1-1h9M20 11v8M19 2v6m-3-3h6"/></svg>
        <b></b><span>Or several, or a clip. They are sent to this program and nowhere else.</span>
      </button>
      <div class="nvs-visit"><h2>Opened before</h2><div class="nvs-pictures"></div></div>
      <div class="nvs-samples"><h2>Or try one of these</h2><div class="nvs-pictures"></div></div>
    </section>
    <section class="nvs-work" aria-live="polite">
      <img alt="">
      <div class="nvs-progress">
        <b></b><span></span><div class="nvs-bar"><i></i></div><button>Cancel</button>
      </div>
    </section>`;
  document.body.append(stage);
  const part = (selector) => stage.querySelector(selector);
  const touch = matchMedia("(pointer: coarse)").matches;
  part(".nvs-drop b").textContent = touch ? "Choose a photo" : "Drop a photo here, or choose one";

  let chosen = false; // somebody looks for another photo while a scene is shown
  let begun = 0; // when the present work began, by this page's clock
  const root = document.documentElement;

  const show = () => {
    const work = nvs.value("work");
    const scene = nvs.value("scene");
    const waits = work && (work.waited_for || !scene);
    root.dataset.nvs = waits ? "work" : chosen || !scene ? "home" : "scene";
    root.toggleAttribute("data-nvs-has-scene", !!scene);
    part(".nvs-drop").hidden = nvs.value("home")?.opens === false;
  };

  const pictures = (box, entries, press) => {
    box.hidden = entries.length === 0;
    box.querySelector(".nvs-pictures").replaceChildren(
      ...entries.map((entry) => {
        const button = document.createElement("button");
        const name = document.createElement("span");
        name.textContent = entry.name;
        if (entry.picture) {
          const image = document.createElement("img");
          image.src = entry.picture;
          image.alt = "";
          button.append(image);
        }
        button.append(name);
        button.addEventListener("click", () => press(entry));
        return button;
      }),
    );
  };

  const close = () => {
    chosen = false;
    show();
  };
  nvs.openHome = () => {
    chosen = true;
    show();
  };

  nvs.on("home", (home) => {
    pictures(part(".nvs-samples"), home.samples, (sample) => {
      nvs.say("sample", { name: sample.name });
      close();
    });
    show();
  });
  nvs.on("visit", (scenes) =>
    pictures(part(".nvs-visit"), scenes, (scene) => {
      nvs.say("show", { number: scene.number });
      close();
    }),
  );
  nvs.on("scene", close);
  nvs.on("photo", (address) => {
    part(".nvs-work img").src = address || "data:,";
    part(".nvs-work img").hidden = !address;
  });
  nvs.on("work", (work) => {
    if (work) {
      begun = performance.now() - 1000 * work.since_s;
      part(".nvs-progress b").textContent = `${work.name}: ${work.stage} …`;
      tick();
    }
    show();
  });

  // What takes time says how long, as far as anybody knows.
  const tick = () => {
    const work = nvs.value("work");
    if (!work) return;
    const passed = (performance.now() - begun) / 1000;
    const expected = work.expected_s;
    const left = expected ? Math.ceil(expected - passed) : null;
    const why = work.place ? "one scene of several views takes minutes" : "the first photo takes longest";
    part(".nvs-progress span").textContent =
      left === null
        ? `${Math.floor(passed)} s; ${why}`
        : left > 0
          ? `about ${left} s left`
          : "a little longer than the last one";
    const share = expected ? passed / expected : 1 - Math.exp(-passed / 12);
    part(".nvs-bar i").style.width = `${100 * Math.min(share, 0.97)}%`;
  };
  setInterval(tick, 500);

  part(".nvs-work button").addEventListener("click", () => nvs.say("cancel"));
  part(".nvs-close").addEventListener("click", close);
  part(".nvs-drop").addEventListener("click", () => nvs.choosePhoto());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen) close();
  });

  // The tab's own name for this visit lasts over reloads and ends with the tab.
  const name = sessionStorage.getItem("nvs-visit") ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
  sessionStorage.setItem("nvs-visit", name);
  nvs.on("home", () => nvs.say("visit", { name }));
  show();
});
