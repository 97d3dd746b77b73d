// Drawing of the temperature explorer: after demo.js a plain ES module, without build step, imports
// or network.

const LOGIT_LIMIT = 1e6;
const CURVE_POINTS = 161;
const T_TICKS = [0.05, 0.2, 1, 5, 20, 100];
const SCALE = new LogScale(0.05, 100, [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]);
const SERIES = [
  { key: "teacher", trait: "logits", word: "logit" },
  { key: "student", trait: "student_logits", word: "student logit" },
];

const sameItems = (a, b) => a === b || (a?.length === b?.length && a?.every((x, k) => x === b[k]));

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

const percent = (share) => `${Math.round(share * 100)} %`;
const spokenProbability = (p) => (p >= 0.0005 ? p.toFixed(3) : p === 0 ? "0" : p.toExponential(1));

class Explorer extends Demo {
  get traits() {
    return ["temperature", "logits", "student_logits", "classes", "preset", "_presets"];
  }

  // -- the parts that stay

  build(el) {
    const id = this.id;
    this.picture = make("img", { class: "tx-picture", hidden: "" });
    this.menu = make("select", { id: `${id}-preset` });
    this.resetButton = make("button", { type: "button", class: "demo-button tx-reset", text: "Reset" });
    this.caption = make("p", { class: "demo-caption" });
    this.legend = make(
      "p",
      { class: "demo-legend" },
      make("span", { class: "demo-key demo-teacher", text: "teacher" }),
      make("span", { class: "demo-key demo-student", text: "student" }),
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
    this.table = make("div", { class: "demo-rows", role: "table", "aria-label": "Classes" });
    const help = "Drag a dot, the slider or the curve; or go there with Tab and use the arrow keys.";
    this.root = make(
      "section",
      { class: "effcv-demo effcv-explorer", "aria-label": "Temperature explorer" },
      top,
      make("div", { class: "tx-body" }, this.buildTemperature(), this.table),
      make("p", { class: "demo-help", text: help }),
      this.live,
    );
    [this.menu, this.resetButton].forEach(keepKeys);
    el.append(this.root);
  }

  buildTemperature() {
    this.dialT = this.dial("temperature", "Temperature T", SCALE);
    this.readouts = SERIES.map(({ key }) => ({
      line: make("p", { class: `tx-entropy demo-${key}` }),
      number: make("b"),
      share: make("span", { class: "demo-soft" }),
    }));
    this.readouts.forEach(({ line, number, share }) => {
      line.append(make("span", { class: "demo-mark" }), "Entropy ", number, " nats ", share);
    });
    this.markers = SERIES.map(({ key }) => make("span", { class: `demo-marker demo-${key}` }));
    this.curves = SERIES.map(({ key }) => make("path", { class: `tx-curve demo-${key}` }));
    this.stem = make("span", { class: "tx-stem" });
    this.ceiling = make("span", { class: "tx-ceiling" });
    this.levels = [1, 0.5, 0].map((level) => {
      const label = make("span", { class: "tx-level" });
      place(label, "top", 1 - level);
      return label;
    });
    const grid = T_TICKS.map((tick) => {
      const x = 1000 * SCALE.share(tick);
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
    return make(
      "div",
      { class: "tx-side" },
      make(
        "div",
        { class: "tx-readout" },
        make(
          "div",
          { class: "tx-t" },
          this.dialT.label,
          this.dialT.field,
          this.dialT.range,
        ),
        make("div", { class: "tx-entropies" }, ...this.readouts.map(({ line }) => line)),
      ),
      this.plot,
      this.dialT.slider,
      tickLabels(SCALE, T_TICKS, 1),
    );
  }

  // -- the parts that depend on the classes

  buildRows(classes, student) {
    const series = SERIES.slice(0, student ? 2 : 1);
    const head = make("div", { class: "demo-row demo-head", role: "row" });
    for (const [name, text] of [
      ["demo-name", "class"],
      ["demo-track", "logit (drag)"],
      ["demo-value", ""],
      ["demo-bars", ""],
      ["demo-number", ""],
    ]) {
      const cell = make("span", { class: name, role: "columnheader", text });
      if (name === "demo-value") cell.setAttribute("aria-label", "logit as number");
      if (name === "demo-number") cell.setAttribute("aria-label", "probability as number");
      head.append(cell);
    }
    this.probabilityHead = head.children[3];
    this.rows = classes.map((name, index) => this.buildRow(name, index, series));
    this.logitAxis = make("span", { class: "demo-track" });
    const axis = make(
      "div",
      { class: "demo-row demo-axis", "aria-hidden": "true" },
      make("span", { class: "demo-name" }),
      this.logitAxis,
      make("span", { class: "demo-value" }),
      make("span", { class: "demo-bars" }),
      make("span", { class: "demo-number" }),
    );
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const tick = make("span", { text: String(share), class: share % 0.5 ? "demo-minor" : "" });
      place(tick, "left", share);
      axis.children[3].append(tick);
    }
    const longest = Math.max(...classes.map((name) => [...name].length));
    this.root.style.setProperty("--demo-count", classes.length);
    this.root.style.setProperty("--demo-name", `${clamp(longest, 3, 14) + 1}ch`);
    this.root.classList.toggle("demo-two", student);
    this.table.replaceChildren(head, ...this.rows.map((row) => row.line), axis);
  }

  buildRow(name, index, series) {
    const track = make("span", { class: "demo-track", role: "cell" });
    const value = make("span", { class: "demo-value", role: "cell" });
    const bars = make("span", { class: "demo-bars", "aria-hidden": "true" });
    const number = make("span", { class: "demo-number", role: "cell" });
    const parts = series.map(({ key, word }, which) => {
      const part = {
        knob: make("span", {
          class: `demo-knob demo-${key}`,
          role: "slider",
          tabindex: "0",
          "aria-label": `${word} of ${name}`,
        }),
        value: make("span", { class: `demo-${key}` }),
        bar: make("span", { class: `demo-bar demo-${key}` }),
        number: make("span", { class: `demo-${key}` }),
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
    const label = make("span", { class: "demo-name", role: "rowheader", title: name, text: name });
    const line = make("div", { class: "demo-row", role: "row" }, label, track, value, bars, number);
    return { line, track, parts };
  }

  // -- input

  listen() {
    const { signal } = this;
    const on = (node, name, action) => node.addEventListener(name, action, { signal });
    this.dialT.listen(signal);
    on(this.plot, "pointerdown", (event) => this.dragTemperature(event));
    on(this.menu, "change", () => this.load(this.menu.value));
    on(this.resetButton, "click", () => this.load(this.get("preset"), true));
  }

  dragTemperature(event) {
    if (event.button !== 0) return;
    const box = this.plot.getBoundingClientRect();
    const move = ({ clientX }) =>
      this.dialT.set(SCALE.at(clamp((clientX - box.left) / box.width, 0, 1)));
    move(event);
    this.dialT.slider.focus({ preventScroll: true, focusVisible: false });
    this.follow(event, this.plot, move);
  }

  dragLogit(event, track, index) {
    if (event.button !== 0) return;
    const box = track.getBoundingClientRect();
    const knob = event.target.closest(".demo-knob");
    if (!knob && event.pointerType !== "mouse") return; // a finger on the track may be scrolling
    const student = this.rows[index].parts.length > 1;
    const lower = student && event.clientY > box.top + box.height / 2;
    const which = knob ? Number(knob.classList.contains("demo-student")) : Number(lower);
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
      this.root.classList.remove("demo-dragging");
    };
    node.setPointerCapture(event.pointerId);
    this.root.classList.add("demo-dragging");
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

  // -- one draw for each animation frame

  draw() {
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
      const dragging = this.root.classList.contains("demo-dragging");
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
      if ((first + k) % 2) tick.className = "demo-minor";
      if (endsOnly) tick.hidden = !kept;
      place(tick, "left", k / parts);
      return tick;
    });
    this.logitAxis.replaceChildren(...ticks);
    this.root.style.setProperty("--demo-parts", parts);
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
      place(this.markers[which], "left", SCALE.share(temperature));
      place(this.markers[which], "top", 1 - share);
      this.drawCurve(which, result.logits, most);
    });
    this.legend.hidden = results.length < 2;
    place(this.stem, "left", SCALE.share(temperature));
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
      const nats = entropy(softmax(logits, SCALE.low * (SCALE.high / SCALE.low) ** share));
      return `${(1000 * share).toFixed(1)} ${(1000 * (1 - nats / most)).toFixed(1)}`;
    });
    this.curves[which].setAttribute("d", `M${points.join("L")}`);
  }

  drawTemperature(classCount, temperature, results) {
    const text = SCALE.text(temperature);
    this.probabilityHead.textContent = `probability at T = ${text}`;
    const spoken = results.map(({ entropy: nats }, which) => {
      const whose = results.length < 2 ? "" : `${SERIES[which].key} `;
      const part = Math.round((100 * nats) / Math.log(classCount));
      return `${whose}entropy ${nats.toFixed(2)} nats, ${part} percent of the most possible`;
    });
    this.dialT.draw(`T = ${text}; ${spoken.join("; ")}`);
  }
}

export default rendering(Explorer);
