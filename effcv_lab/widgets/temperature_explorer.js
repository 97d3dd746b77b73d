// Drawing of the temperature explorer. A plain ES module: no build step, no imports, no network.
//
// The state is the model's traits (temperature, logits, student_logits, classes, preset), shared
// with Python and with every other view. An input event writes them, and a change asks for one draw
// in the next animation frame. Each write is offered to Python at once: ipywidgets keeps one message
// on its way, merges what comes meanwhile and always sends the last value. (A delay of our own would
// let Python's echo of an older value overtake a newer one.) Without a kernel all but Python goes on.

const LOWEST_T = 0.05;
const HIGHEST_T = 100;
const LOGIT_LIMIT = 1e6;
const CURVE_POINTS = 161;
const T_TICKS = [0.05, 0.2, 1, 5, 20, 100];
const T_JUMPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const SERIES = [
  { key: "teacher", trait: "logits", word: "logit" },
  { key: "student", trait: "student_logits", word: "student logit" },
];

// ---------------------------------------------------------------- the mathematics, as in Python

/** exp(z / T) over its sum, from the distance to the largest score: safe for any finite score. */
function softmax(logits, temperature) {
  const top = Math.max(...logits);
  const weights = logits.map((score) => Math.exp((score - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** -sum p ln p in nats; a zero probability contributes zero. */
function entropy(probs) {
  const total = probs.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  return Math.max(0, total);
}

// ---------------------------------------------------------------- temperatures and logit axes

const sameItems = (a, b) => a === b || (a?.length === b?.length && a?.every((x, k) => x === b[k]));
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const tidy = (value, digits) => Number(value.toPrecision(digits));
const temperatureAt = (share) =>
  clamp(tidy(LOWEST_T * (HIGHEST_T / LOWEST_T) ** share, 3), LOWEST_T, HIGHEST_T);
const shareOf = (temperature) =>
  Math.log(temperature / LOWEST_T) / Math.log(HIGHEST_T / LOWEST_T);

/** The next temperature of two digits: ... 0.98, 0.99, 1, 1.1, ... 9.9, 10, 11, ... */
function stepTemperature(temperature, direction) {
  const unit = 10 ** (Math.floor(Math.log10(temperature) + 1e-9) - 1);
  const count = temperature / unit;
  let next = (Math.floor(count + 1e-9) + 1) * unit;
  if (direction < 0) next = count < 10 + 1e-9 ? 9.9 * unit : (Math.ceil(count - 1e-9) - 1) * unit;
  return clamp(tidy(next, 3), LOWEST_T, HIGHEST_T);
}

/** The next round temperature: 0.05, 0.1, 0.2, 0.5, 1, ... */
function jumpTemperature(temperature, direction) {
  if (direction > 0) return T_JUMPS.find((t) => t > temperature * 1.0001) ?? HIGHEST_T;
  return T_JUMPS.findLast((t) => t < temperature * 0.9999) ?? LOWEST_T;
}

/** The temperature that a key leads to, or null for other keys. */
function temperatureForKey(key, temperature) {
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return stepTemperature(temperature, 1);
    case "ArrowLeft":
    case "ArrowDown":
      return stepTemperature(temperature, -1);
    case "PageUp":
      return jumpTemperature(temperature, 1);
    case "PageDown":
      return jumpTemperature(temperature, -1);
    case "Home":
      return LOWEST_T;
    case "End":
      return HIGHEST_T;
    default:
      return null;
  }
}

/** A round axis around the scores: ends on ticks, some room on both sides. */
function axisAround(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max((high - low) * 0.15, Math.max(Math.abs(low), Math.abs(high)) * 1e-3, 0.5);
  const raw = (high - low + 2 * room) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  const from = Math.floor((low - room) / step) * step;
  const to = Math.ceil((high + room) / step) * step;
  const keyStep = 10 ** Math.floor(Math.log10((to - from) / 50) + 1e-9);
  return {
    low: tidy(from, 12),
    high: tidy(to, 12),
    parts: Math.round((to - from) / step),
    step,
    keyStep,
    digits: clamp(1 - Math.round(Math.log10(keyStep)), 0, 6),
  };
}

// ---------------------------------------------------------------- numbers as text

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const minus = (text) => text.replace("-", "−");
const percent = (share) => `${Math.round(share * 100)} %`;
const temperatureText = (temperature) => String(tidy(temperature, 3));

function probabilityText(p) {
  if (p >= 0.0005 || p === 0) return p === 0 ? "0" : p.toFixed(3);
  if (p < 1e-99) return "<10⁻⁹⁹";
  const [digits, power] = p.toExponential(1).split("e");
  return `${digits}·10${[...power].map((sign) => SUPERSCRIPT[sign]).join("")}`;
}
const spokenProbability = (p) => (p >= 0.0005 ? p.toFixed(3) : p === 0 ? "0" : p.toExponential(1));

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

let views = 0;

class View {
  constructor(model, el, signal) {
    this.model = model;
    this.signal = signal;
    this.frame = 0;
    this.drawn = {};
    this.id = `effcv-tx-${++views}`;
    this.build(el);
    this.listen();
    this.draw();
  }

  get(name) {
    return this.model.get(name);
  }

  // -- the parts that stay

  build(el) {
    const id = this.id;
    this.picture = make("img", { class: "tx-picture", hidden: "" });
    this.menu = make("select", { id: `${id}-preset` });
    this.resetButton = make("button", { type: "button", class: "tx-reset", text: "Reset" });
    this.caption = make("p", { class: "tx-caption" });
    this.legend = make(
      "p",
      { class: "tx-legend" },
      make("span", { class: "tx-key tx-teacher", text: "teacher" }),
      make("span", { class: "tx-key tx-student", text: "student" }),
    );
    const top = make(
      "div",
      { class: "tx-top" },
      this.picture,
      make(
        "div",
        { class: "tx-choose" },
        make("label", { for: `${id}-preset`, text: "Scores" }),
        this.menu,
        this.resetButton,
        this.caption,
        make("p", { class: "tx-changed", text: "Changed by hand or by code; Reset goes back." }),
      ),
      this.legend,
    );
    this.table = make("div", { class: "tx-rows", role: "table", "aria-label": "Classes" });
    const help = "Drag a dot, the slider or the curve; or go there with Tab and use the arrow keys.";
    this.live = make("p", { class: "tx-hidden", role: "status" });
    this.root = make(
      "section",
      { class: "effcv-explorer", "aria-label": "Temperature explorer" },
      top,
      make("div", { class: "tx-body" }, this.buildTemperature(), this.table),
      make("p", { class: "tx-help", text: help }),
      this.live,
    );
    [this.menu, this.resetButton, this.field, this.slider].forEach(keepKeys);
    el.append(this.root);
  }

  buildTemperature() {
    const id = this.id;
    this.field = make("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      id: `${id}-t`,
      class: "tx-field",
      "aria-describedby": `${id}-range`,
    });
    this.slider = make("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "any",
      class: "tx-slider",
      "aria-label": "Temperature T",
    });
    this.readouts = SERIES.map(({ key }) => ({
      line: make("p", { class: `tx-entropy tx-${key}` }),
      number: make("b"),
      share: make("span", { class: "tx-soft" }),
    }));
    this.readouts.forEach(({ line, number, share }) => {
      line.append(make("span", { class: "tx-mark" }), "Entropy ", number, " nats ", share);
    });
    this.markers = SERIES.map(({ key }) => make("span", { class: `tx-marker tx-${key}` }));
    this.curves = SERIES.map(({ key }) => make("path", { class: `tx-curve tx-${key}` }));
    this.stem = make("span", { class: "tx-stem" });
    this.ceiling = make("span", { class: "tx-ceiling" });
    this.levels = [1, 0.5, 0].map((level) => {
      const label = make("span", { class: "tx-level" });
      place(label, "top", 1 - level);
      return label;
    });
    const grid = T_TICKS.map((tick) => {
      const x = 1000 * shareOf(tick);
      return make("line", { x1: x, x2: x, y1: 0, y2: 1000, class: "tx-grid" });
    });
    const svg = make(
      "svg",
      { viewBox: "0 0 1000 1000", preserveAspectRatio: "none" },
      ...grid,
      make("line", { x1: 0, x2: 1000, y1: 500, y2: 500, class: "tx-grid" }),
      make("line", { x1: 0, x2: 1000, y1: 0, y2: 0, class: "tx-top-line" }),
      ...[...this.curves].reverse(),
    );
    this.plot = make(
      "div",
      { class: "tx-plot", "aria-hidden": "true" },
      svg,
      this.ceiling,
      this.stem,
      ...this.levels,
      ...[...this.markers].reverse(),
    );
    const ticks = T_TICKS.map((tick) => {
      const label = make("span", { text: String(tick), class: tick === 1 ? "tx-one" : "" });
      place(label, "left", shareOf(tick));
      return label;
    });
    return make(
      "div",
      { class: "tx-side" },
      make(
        "div",
        { class: "tx-readout" },
        make(
          "div",
          { class: "tx-t" },
          make("label", { for: `${id}-t`, text: "Temperature T" }),
          this.field,
          make("span", { id: `${id}-range`, class: "tx-hidden", text: "From 0.05 to 100." }),
        ),
        make("div", { class: "tx-entropies" }, ...this.readouts.map(({ line }) => line)),
      ),
      this.plot,
      this.slider,
      make("div", { class: "tx-ticks", "aria-hidden": "true" }, ...ticks),
    );
  }

  // -- the parts that depend on the classes

  buildRows(classes, student) {
    const series = SERIES.slice(0, student ? 2 : 1);
    const head = make("div", { class: "tx-row tx-head", role: "row" });
    for (const [name, text] of [
      ["tx-name", "class"],
      ["tx-track", "logit (drag)"],
      ["tx-value", ""],
      ["tx-bars", ""],
      ["tx-number", ""],
    ]) {
      const cell = make("span", { class: name, role: "columnheader", text });
      if (name === "tx-value") cell.setAttribute("aria-label", "logit as number");
      if (name === "tx-number") cell.setAttribute("aria-label", "probability as number");
      head.append(cell);
    }
    this.probabilityHead = head.children[3];
    this.rows = classes.map((name, index) => this.buildRow(name, index, series));
    this.logitAxis = make("span", { class: "tx-track" });
    const axis = make(
      "div",
      { class: "tx-row tx-axis", "aria-hidden": "true" },
      make("span", { class: "tx-name" }),
      this.logitAxis,
      make("span", { class: "tx-value" }),
      make("span", { class: "tx-bars" }),
      make("span", { class: "tx-number" }),
    );
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const tick = make("span", { text: String(share), class: share % 0.5 ? "tx-minor" : "" });
      place(tick, "left", share);
      axis.children[3].append(tick);
    }
    const longest = Math.max(...classes.map((name) => [...name].length));
    this.root.style.setProperty("--tx-count", classes.length);
    this.root.style.setProperty("--tx-name", `${clamp(longest, 3, 14) + 1}ch`);
    this.root.classList.toggle("tx-two", student);
    this.table.replaceChildren(head, ...this.rows.map((row) => row.line), axis);
  }

  buildRow(name, index, series) {
    const track = make("span", { class: "tx-track", role: "cell" });
    const value = make("span", { class: "tx-value", role: "cell" });
    const bars = make("span", { class: "tx-bars", "aria-hidden": "true" });
    const number = make("span", { class: "tx-number", role: "cell" });
    const parts = series.map(({ key, word }, which) => {
      const part = {
        knob: make("span", {
          class: `tx-knob tx-${key}`,
          role: "slider",
          tabindex: "0",
          "aria-label": `${word} of ${name}`,
        }),
        value: make("span", { class: `tx-${key}` }),
        bar: make("span", { class: `tx-bar tx-${key}` }),
        number: make("span", { class: `tx-${key}` }),
      };
      keepKeys(part.knob);
      part.knob.addEventListener("keydown", (event) => this.logitKey(event, which, index));
      track.append(part.knob);
      value.append(part.value);
      bars.append(part.bar);
      number.append(part.number);
      return part;
    });
    track.addEventListener("pointerdown", (event) => this.dragLogit(event, track, index));
    const label = make("span", { class: "tx-name", role: "rowheader", title: name, text: name });
    const line = make("div", { class: "tx-row", role: "row" }, label, track, value, bars, number);
    return { line, track, parts };
  }

  // -- input

  listen() {
    const { signal } = this;
    const on = (node, name, action) => node.addEventListener(name, action, { signal });
    const traits = ["temperature", "logits", "student_logits", "classes", "preset", "_presets"];
    const redraw = () => this.schedule();
    traits.forEach((name) => this.model.on(`change:${name}`, redraw));
    signal.addEventListener("abort", () => {
      traits.forEach((name) => this.model.off(`change:${name}`, redraw));
      cancelAnimationFrame(this.frame);
    });
    on(this.slider, "input", () => this.setTemperature(temperatureAt(Number(this.slider.value))));
    on(this.slider, "keydown", (event) => this.temperatureKey(event));
    on(this.field, "keydown", (event) => {
      if (["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(event.key)) {
        this.temperatureKey(event);
        this.field.value = temperatureText(this.get("temperature"));
      } else if (event.key === "Enter") this.leaveField();
    });
    on(this.field, "input", () => {
      const typed = this.typed();
      this.field.setAttribute("aria-invalid", String(typed === null));
      if (typed !== null) this.setTemperature(typed);
    });
    on(this.field, "blur", () => this.leaveField());
    on(this.plot, "pointerdown", (event) => this.dragTemperature(event));
    on(this.menu, "change", () => this.load(this.menu.value));
    on(this.resetButton, "click", () => this.load(this.get("preset"), true));
  }

  typed() {
    const text = this.field.value.trim().replace(",", ".");
    const number = Number(text);
    return text !== "" && number >= LOWEST_T && number <= HIGHEST_T ? number : null;
  }

  leaveField() {
    if (this.typed() === null) this.say("The temperature must be from 0.05 to 100.");
    this.field.value = temperatureText(this.get("temperature"));
    this.field.setAttribute("aria-invalid", "false");
  }

  setTemperature(temperature) {
    this.write({ temperature });
  }

  temperatureKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = temperatureForKey(event.key, this.get("temperature"));
    if (next === null) return;
    event.preventDefault();
    this.setTemperature(next);
  }

  dragTemperature(event) {
    if (event.button !== 0) return;
    const box = this.plot.getBoundingClientRect();
    const move = ({ clientX }) =>
      this.setTemperature(temperatureAt(clamp((clientX - box.left) / box.width, 0, 1)));
    move(event);
    this.slider.focus({ preventScroll: true, focusVisible: false });
    this.follow(event, this.plot, move);
  }

  dragLogit(event, track, index) {
    if (event.button !== 0) return;
    const box = track.getBoundingClientRect();
    const knob = event.target.closest(".tx-knob");
    if (!knob && event.pointerType !== "mouse") return; // a finger on the track may be scrolling
    const student = this.rows[index].parts.length > 1;
    const lower = student && event.clientY > box.top + box.height / 2;
    const which = knob ? Number(knob.classList.contains("tx-student")) : Number(lower);
    const { axis } = this;
    const span = axis.high - axis.low;
    const at = (clientX) => axis.low + ((clientX - box.left) / box.width) * span;
    const start = this.get(SERIES[which].trait)[index];
    const grip = knob ? start - at(event.clientX) : 0; // the knob does not jump under the pointer
    const move = ({ clientX }) =>
      this.setLogit(which, index, clamp(at(clientX) + grip, axis.low, axis.high));
    if (!knob) move(event);
    this.rows[index].parts[which].knob.focus({ preventScroll: true, focusVisible: false });
    this.follow(event, track, move);
  }

  /** Call move for every pointer event until the pointer is let go. */
  follow(event, node, move) {
    event.preventDefault();
    const over = new AbortController();
    const { signal } = over;
    const stop = () => {
      over.abort();
      this.root.classList.remove("tx-dragging");
    };
    node.setPointerCapture(event.pointerId);
    this.root.classList.add("tx-dragging");
    node.addEventListener("pointermove", move, { signal });
    ["pointerup", "pointercancel", "lostpointercapture"].forEach((name) =>
      node.addEventListener(name, stop, { signal }),
    );
  }

  logitKey(event, which, index) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { low, high, keyStep } = this.axis;
    const now = this.get(SERIES[which].trait)[index];
    const next = {
      ArrowRight: now + keyStep,
      ArrowUp: now + keyStep,
      ArrowLeft: now - keyStep,
      ArrowDown: now - keyStep,
      PageUp: now + 10 * keyStep,
      PageDown: now - 10 * keyStep,
      Home: low,
      End: high,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.setLogit(which, index, clamp(next, -LOGIT_LIMIT, LOGIT_LIMIT));
  }

  setLogit(which, index, value) {
    const { trait } = SERIES[which];
    const rounded = Number(value.toFixed(this.axis.digits));
    this.write({ [trait]: this.get(trait).with(index, rounded) });
  }

  load(name, withTemperature = false) {
    const preset = this.get("_presets").find((one) => one.name === name);
    const { logits, student_logits, classes } = preset;
    const values = { preset: name, logits, student_logits, classes };
    if (withTemperature) values.temperature = this.get("_start_temperature");
    this.drawn.axisFor = null;
    this.ease();
    this.write(values);
    this.schedule();
    const probs = softmax(logits, values.temperature ?? this.get("temperature"));
    const best = probs.indexOf(Math.max(...probs));
    this.say(
      `${withTemperature ? "Reset. " : ""}${name}: most probable ${classes[best]}, ` +
        `${spokenProbability(probs[best])}. Entropy ${entropy(probs).toFixed(2)} nats.`,
    );
  }

  /** Let bars glide to new scores; the style sheet leaves this out for who wants less motion. */
  ease() {
    this.root.classList.add("tx-ease");
    clearTimeout(this.easing);
    this.easing = setTimeout(() => this.root.classList.remove("tx-ease"), 350);
  }

  say(text) {
    this.live.textContent = text;
  }

  write(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
  }

  // -- one draw for each animation frame

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const classes = this.get("classes");
    const all = SERIES.map(({ trait }) => this.get(trait)).filter(Boolean);
    if (all.some((logits) => logits.length !== classes.length)) return; // the rest is on its way
    const shape = JSON.stringify([classes, all.length]);
    if (shape !== this.drawn.shape) {
      this.buildRows(classes, all.length > 1);
      this.drawn.shape = shape;
      this.drawn.axisFor = null;
    }
    const temperature = this.get("temperature");
    const results = all.map((logits) => {
      const probs = softmax(logits, temperature);
      return { logits, probs, entropy: entropy(probs) };
    });
    this.drawPreset();
    this.drawAxis(all);
    this.drawRows(classes, results);
    this.drawEntropy(classes.length, temperature, results);
    this.drawTemperature(classes.length, temperature, results);
    const [teacher, student] = results;
    const count = (this.root.explorer?.frames ?? 0) + 1;
    this.root.explorer = { temperature, teacher, student: student ?? null, frames: count };
  }

  drawPreset() {
    const presets = this.get("_presets");
    const name = this.get("preset");
    if (presets !== this.drawn.presets) {
      this.menu.replaceChildren(...presets.map((one) => make("option", { text: one.name })));
    }
    const { caption, image, ...start } = presets.find((one) => one.name === name);
    const as = (trait) => sameItems(this.get(trait), start[trait]);
    const sameClasses = as("classes");
    const changed = !(sameClasses && as("logits") && as("student_logits"));
    this.root.classList.toggle("tx-modified", changed); // then its caption is no longer true
    this.picture.hidden = !image || !sameClasses;
    if (presets === this.drawn.presets && name === this.drawn.preset) return;
    this.drawn.presets = presets;
    this.drawn.preset = name;
    this.menu.value = name;
    this.caption.textContent = caption;
    if (image) this.picture.src = image;
    this.picture.alt = image ? caption || name : "";
  }

  /** Keep the axis while it fits, so that nothing moves under a dragging hand. */
  drawAxis(all) {
    if (this.drawn.axisFor === all.length && this.axis) {
      const values = all.flat();
      const span = this.axis.high - this.axis.low;
      const fits = values.every((z) => z >= this.axis.low && z <= this.axis.high);
      const dragging = this.root.classList.contains("tx-dragging");
      const needed = axisAround(values);
      const wasteful = !dragging && needed.high - needed.low < span / 4;
      if (fits && !wasteful) return;
    }
    this.drawn.axisFor = all.length;
    this.axis = axisAround(all.flat());
    const { low, high, parts, step } = this.axis;
    const first = Math.round(low / step);
    const texts = Array.from({ length: parts + 1 }, (_, k) => String(tidy((first + k) * step, 10)));
    const lengths = texts.map((text) => text.length);
    const room = 16; // characters and gaps that fit below the narrowest axis
    const full = lengths.reduce((sum, length) => sum + length + 1, 0) > room;
    const endsOnly = full || Math.max(...lengths) > 3;
    const ticks = texts.map((text, k) => {
      const far = k >= parts / 3 && k <= (2 * parts) / 3; // from both ends
      const kept = k === 0 || k === parts || (far && first + k === 0);
      const tick = make("span", { text: minus(text) });
      if ((first + k) % 2) tick.className = "tx-minor";
      if (endsOnly) tick.hidden = !kept;
      place(tick, "left", k / parts);
      return tick;
    });
    this.logitAxis.replaceChildren(...ticks);
    this.root.style.setProperty("--tx-parts", parts);
    for (const { parts: pair } of this.rows) {
      for (const { knob } of pair) {
        knob.setAttribute("aria-valuemin", low);
        knob.setAttribute("aria-valuemax", high);
      }
    }
  }

  drawRows(classes, results) {
    const { low, high, digits } = this.axis;
    for (let k = 0; k < classes.length; k++) {
      results.forEach(({ logits, probs }, which) => {
        const { knob, value, bar, number } = this.rows[k].parts[which];
        const score = logits[k].toFixed(Math.min(digits, 2)).replace(/^-(0\.?0*)$/, "$1");
        place(knob, "left", (logits[k] - low) / (high - low));
        place(bar, "width", probs[k]);
        value.textContent = minus(score);
        number.textContent = probabilityText(probs[k]);
        knob.setAttribute("aria-valuenow", logits[k]);
        const spoken = `${score}, probability ${spokenProbability(probs[k])}`;
        knob.setAttribute("aria-valuetext", spoken);
      });
    }
  }

  drawEntropy(classCount, temperature, results) {
    const most = Math.log(classCount);
    SERIES.forEach((_, which) => {
      const result = results[which];
      const nodes = [this.readouts[which].line, this.markers[which]];
      nodes.forEach((node) => (node.hidden = !result));
      this.curves[which].style.display = result ? "" : "none";
      if (!result) return;
      const share = result.entropy / most;
      this.readouts[which].number.textContent = result.entropy.toFixed(3);
      this.readouts[which].share.textContent = `${percent(share)} of ln ${classCount}`;
      place(this.markers[which], "left", shareOf(temperature));
      place(this.markers[which], "top", 1 - share);
      this.drawCurve(which, result.logits, most);
    });
    this.legend.hidden = results.length < 2;
    place(this.stem, "left", shareOf(temperature));
    place(this.stem, "top", 1 - Math.max(...results.map((result) => result.entropy)) / most);
    if (this.drawn.classCount === classCount) return;
    this.drawn.classCount = classCount;
    this.ceiling.textContent = `ln ${classCount}: all classes alike`;
    this.levels.forEach((label, k) => {
      label.textContent = k === 2 ? "0" : (most * (1 - k / 2)).toFixed(2);
    });
  }

  drawCurve(which, logits, most) {
    const key = `curve${which}`;
    if (this.drawn[key] === logits) return; // the curve does not depend on the temperature
    this.drawn[key] = logits;
    const points = Array.from({ length: CURVE_POINTS }, (_, k) => {
      const share = k / (CURVE_POINTS - 1);
      const nats = entropy(softmax(logits, LOWEST_T * (HIGHEST_T / LOWEST_T) ** share));
      return `${(1000 * share).toFixed(1)} ${(1000 * (1 - nats / most)).toFixed(1)}`;
    });
    this.curves[which].setAttribute("d", `M${points.join("L")}`);
  }

  drawTemperature(classCount, temperature, results) {
    const text = temperatureText(temperature);
    const share = shareOf(temperature);
    this.slider.value = String(share);
    this.slider.style.setProperty("--tx-share", share);
    if (this.field.getRootNode().activeElement !== this.field) this.field.value = text;
    this.probabilityHead.textContent = `probability at T = ${text}`;
    const spoken = results.map(({ entropy: nats }, which) => {
      const whose = results.length < 2 ? "" : `${SERIES[which].key} `;
      const part = Math.round((100 * nats) / Math.log(classCount));
      return `${whose}entropy ${nats.toFixed(2)} nats, ${part} percent of the most possible`;
    });
    this.slider.setAttribute("aria-valuetext", `T = ${text}; ${spoken.join("; ")}`);
  }
}

export default {
  render({ model, el, signal }) {
    const over = new AbortController();
    signal?.addEventListener("abort", () => over.abort());
    new View(model, el, over.signal);
    return () => over.abort();
  },
};
