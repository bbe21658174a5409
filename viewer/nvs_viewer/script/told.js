// What the program tells this page, and how the page answers.
//
// The program writes each of its facts into an element #nvs-KEY of its panel, as JSON in
// data-value.  The page answers through a text box of the panel that nobody sees.
window.nvs = (() => {
  const listeners = {};
  const values = {};
  const words = [];
  let said = 0;

  const look = () => {
    for (const element of document.querySelectorAll(".nvs-told")) {
      const key = element.id.slice("nvs-".length);
      const text = element.dataset.value;
      if (values[key]?.text === text) continue;
      values[key] = { text, value: JSON.parse(text) };
      for (const listener of listeners[key] ?? []) listener(values[key].value);
    }
  };

  // viser passes on one value of a box in 50 ms: the last.  So words wait for each other.
  const pass = () => {
    if (words.length === 0) return;
    const box = boxOfWords();
    if (!box) return;
    const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
    set.call(box, JSON.stringify({ n: ++said, ...words.shift() }));
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const boxOfWords = () => {
    const mark = document.getElementById("nvs-heard");
    return mark?.parentElement.nextElementSibling?.querySelector("input");
  };

  setInterval(look, 100);
  setInterval(pass, 70);
  return {
    // Call `listener` with the value of `key` now and whenever it changes.
    on(key, listener) {
      (listeners[key] ??= []).push(listener);
      if (key in values) listener(values[key].value);
    },
    value: (key) => values[key]?.value ?? null,
    // Tell the program; a word that a newer one of its kind makes stale is left out.
    say(what, more = {}) {
      const last = words.findIndex((word) => word.what === what && more.newest);
      if (last >= 0) words.splice(last, 1);
      words.push({ what, ...more });
    },
  };
})();
