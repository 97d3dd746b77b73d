// What the live demos share; this text stands before each demo's own to make one ES module.
//
// The state is the model's traits, shared with Python and with every other view. An input event
// writes them, and a change asks for one draw in the next animation frame. Each write is offered to
// Python at once: ipywidgets keeps one message on its way, merges what comes meanwhile and always
// sends the last value. (A delay of our own would let Python's echo of an older value overtake a
// newer one.) Without a kernel all but Python goes on.

// ---------------------------------------------------------------- the mathematics, as in Python

/** z / T minus the logarithm of the sum of exp(z / T), from the distance to the largest score:
 * safe for any finite score. */
function logSoftmax(logits, temperature) {
  const top = Math.max(...logits);
  const scaled = logits.map((score) => (score - top) / temperature);
  const total = Math.log(scaled.reduce((sum, z) => sum + Math.exp(z), 0));
  return scaled.map((z) => z - total);
}

const softmax = (logits, temperature) => logSoftmax(logits, temperature).map(Math.exp);

/** -sum p ln p in nats; a zero probability contributes zero. */
function entropy(probs) {
  const total = probs.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  return Math.max(0, total);
}

// ---------------------------------------------------------------- numbers as text

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const tidy = (value, digits) => Number(value.toPrecision(digits));
const minus = (text) => text.replace("-", "−");

function probabilityText(p) {
  if (p >= 0.0005 || p === 0) return p === 0 ? "0" : p.toFixed(3);
  if (p < 1e-99) return "<10⁻⁹⁹";
  const [digits, power] = p.toExponential(1).split("e");
  return `${digits}·10${[...power].map((sign) => SUPERSCRIPT[sign]).join("")}`;
}

// ---------------------------------------------------------------- scales of a slider

class Scale {
  constructor(low, high, more) {
    Object.assign(this, { low, high, ...more });
  }
  get words() {
    return `${this.whole ? "a whole number " : ""}from ${this.low} to ${this.high}`;
  }
  holds(value) {
    return value >= this.low && value <= this.high && (!this.whole || Number.isInteger(value));
  }
}

/** A scale whose slider runs in equal factors, with `jumps` as its round numbers. */
class LogScale extends Scale {
  constructor(low, high, jumps) {
    super(low, high, { jumps });
  }
  at(share) {
    return clamp(tidy(this.low * (this.high / this.low) ** share, 3), this.low, this.high);
  }
  share(value) {
    return Math.log(value / this.low) / Math.log(this.high / this.low);
  }
  text(value) {
    return String(tidy(value, 3));
  }
  /** The next number of two digits: ... 0.98, 0.99, 1, 1.1, ... 9.9, 10, 11, ... */
  step(value, direction) {
    const unit = 10 ** (Math.floor(Math.log10(value) + 1e-9) - 1);
    const count = value / unit;
    let next = (Math.floor(count + 1e-9) + 1) * unit;
    if (direction < 0) next = count < 10 + 1e-9 ? 9.9 * unit : (Math.ceil(count - 1e-9) - 1) * unit;
    return clamp(tidy(next, 3), this.low, this.high);
  }
  /** The next round number. */
  jump(value, direction) {
    if (direction > 0) return this.jumps.find((t) => t > value * 1.0001) ?? this.high;
    return this.jumps.findLast((t) => t < value * 0.9999) ?? this.low;
  }
}

/** A scale whose slider runs in equal steps; `whole` if nothing else may be typed. */
class LinearScale extends Scale {
  constructor(low, high, { unit = 0.01, leap = 0.1, whole = false } = {}) {
    super(low, high, { unit, leap, whole });
  }
  near(value) {
    const round = Math.round(Number((value / this.unit).toFixed(6))) * this.unit;
    return clamp(Number(round.toFixed(6)), this.low, this.high);
  }
  at(share) {
    return this.near(this.low + share * (this.high - this.low));
  }
  share(value) {
    return (value - this.low) / (this.high - this.low);
  }
  text(value) {
    return String(tidy(value, 4));
  }
  step(value, direction) {
    return this.near(value + this.unit * direction);
  }
  jump(value, direction) {
    return this.near(value + this.leap * direction);
  }
}

/** The number that a key leads to, or null for other keys. */
function numberForKey(key, value, scale) {
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return scale.step(value, 1);
    case "ArrowLeft":
    case "ArrowDown":
      return scale.step(value, -1);
    case "PageUp":
      return scale.jump(value, 1);
    case "PageDown":
      return scale.jump(value, -1);
    case "Home":
      return scale.low;
    case "End":
      return scale.high;
    default:
      return null;
  }
}

// ---------------------------------------------------------------- building the page

/** make("p", {class: "note", text: "hello"}, child, ...) */
function make(tag, options = {}, ...children) {
  const svg = ["svg", "path", "line"].includes(tag);
  const node = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Keep JupyterLab's shortcuts away from this control: arrows that change the cell, "x" that cuts it.
 * Each control needs it itself; on a parent it would come too late. */
function keepKeys(node) {
  node.dataset.lmSuppressShortcuts = "true";
}

function place(node, property, share) {
  node.style[property] = `${(share * 100).toFixed(3)}%`;
}

/** The numbers below a slider, each at its place on the scale. */
function tickLabels(scale, ticks, strong = null) {
  const labels = ticks.map((tick) => {
    const label = make("span", { text: String(tick), class: tick === strong ? "demo-one" : "" });
    place(label, "left", scale.share(tick));
    return label;
  });
  return make("div", { class: "demo-ticks", "aria-hidden": "true" }, ...labels);
}

/** One number in two controls, a text field and a slider, for mouse, finger and keyboard. */
class Dial {
  constructor({ id, name, scale, get, set, say }) {
    Object.assign(this, { name, scale, get, set, say });
    this.label = make("label", { for: id, text: name });
    const range = `${scale.words[0].toUpperCase()}${scale.words.slice(1)}.`;
    this.range = make("span", { id: `${id}-range`, class: "demo-hidden", text: range });
    this.field = make("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      id,
      class: "demo-field",
      "aria-describedby": this.range.id,
    });
    this.slider = make("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "any",
      class: "demo-slider",
      "aria-label": name,
    });
    [this.field, this.slider].forEach(keepKeys);
  }

  listen(signal) {
    const on = (node, name, action) => node.addEventListener(name, action, { signal });
    on(this.slider, "input", () => this.set(this.scale.at(Number(this.slider.value))));
    on(this.slider, "keydown", (event) => this.key(event));
    on(this.field, "keydown", (event) => {
      if (["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(event.key)) {
        this.key(event);
        this.field.value = this.scale.text(this.get());
      } else if (event.key === "Enter") this.leave();
    });
    on(this.field, "input", () => {
      const typed = this.typed();
      this.field.setAttribute("aria-invalid", String(typed === null));
      if (typed !== null) this.set(typed);
    });
    on(this.field, "blur", () => this.leave());
  }

  typed() {
    const text = this.field.value.trim().replace(",", ".");
    const number = Number(text);
    return text !== "" && this.scale.holds(number) ? number : null;
  }

  leave() {
    if (this.typed() === null) this.say(`${this.name} must be ${this.scale.words}.`);
    this.field.value = this.scale.text(this.get());
    this.field.setAttribute("aria-invalid", "false");
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = numberForKey(event.key, this.get(), this.scale);
    if (next === null) return;
    event.preventDefault();
    this.set(next);
  }

  /** Show the number; `spoken` is what a screen reader says at the slider. */
  draw(spoken) {
    const value = this.get();
    this.slider.value = String(this.scale.share(value));
    if (this.field.getRootNode().activeElement !== this.field) {
      this.field.value = this.scale.text(value);
    }
    this.slider.setAttribute("aria-valuetext", spoken);
  }
}

// ---------------------------------------------------------------- one view of a demo

/** What every demo does; its own class has `traits`, `build(el)`, `listen()` and `draw()`. */
class Demo {
  constructor(model, el, signal) {
    Object.assign(this, { model, signal, frame: 0, drawn: {} });
    this.id = `effcv-demo-${Math.random().toString(36).slice(2)}`; // each widget loads this text anew
    this.live = make("p", { class: "demo-hidden", role: "status" });
    this.build(el);
    const redraw = () => this.schedule();
    this.traits.forEach((name) => model.on(`change:${name}`, redraw));
    signal.addEventListener("abort", () => {
      this.traits.forEach((name) => model.off(`change:${name}`, redraw));
      cancelAnimationFrame(this.frame);
    });
    this.listen();
    this.draw();
  }

  get(name) {
    return this.model.get(name);
  }

  write(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
  }

  /** A dial for one trait. */
  dial(trait, name, scale) {
    return new Dial({
      id: `${this.id}-${trait}`,
      name,
      scale,
      get: () => this.get(trait),
      set: (value) => this.write({ [trait]: value }),
      say: (text) => this.say(text),
    });
  }

  say(text) {
    this.live.textContent = text;
  }

  /** Let bars glide to new numbers; the style sheet leaves this out for who wants less motion. */
  ease() {
    this.root.classList.add("demo-ease");
    clearTimeout(this.easing);
    this.easing = setTimeout(() => this.root.classList.remove("demo-ease"), 350);
  }

  /** Ask for one draw in the next animation frame. */
  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }
}

/** The module's `render`, for one class of views. */
function rendering(View) {
  return {
    render({ model, el, signal }) {
      const over = new AbortController();
      signal?.addEventListener("abort", () => over.abort());
      new View(model, el, over.signal);
      return () => over.abort();
    },
  };
}
