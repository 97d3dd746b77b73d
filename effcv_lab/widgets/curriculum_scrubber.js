// Drawing of the curriculum scrubber: after demo.js a plain ES module, without build step, imports or
// network. All moments are recorded in the traits; the browser only shows the one that is chosen.

const SILENCE_MS = 600; // so long nothing moves, then the moment is said
const percent = (share) => `${Math.round(100 * share)} %`;

/** Round numbers from 0, at most nine, and the last epoch. */
function epochTicks(last) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((n) => last / n <= 8) ?? last;
  const ticks = [];
  for (let tick = 0; tick <= last - step / 2; tick += step) ticks.push(tick);
  return [...ticks, last];
}

/** The lowest and the highest error of all traces, outwards to tenths. */
function errorRange(traces) {
  const all = traces.flatMap(({ easy, hard }) => [...easy, ...hard]);
  const low = Math.floor(10 * Math.min(...all) + 1e-9) / 10;
  const high = Math.ceil(10 * Math.max(...all) - 1e-9) / 10;
  return high > low ? [low, high] : [Math.max(0, low - 0.1), Math.min(1, high + 0.1)];
}

// ---------------------------------------------------------------- the view

class Scrubber extends Demo {
  get traits() {
    return ["epoch", "shown", "_sample", "_traces"];
  }

  get last() {
    return this.get("_traces")[0].pool.length - 1;
  }

  // -- the parts

  build(el) {
    this.words = make("p", { class: "cs-words", "aria-hidden": "true" }); // said by `live`, after a while
    const help =
      "Move the time, or let it play: with the mouse, or with Tab and the arrow keys. " +
      "Point at a picture, or walk along the wall with the arrow keys, to read more about it.";
    this.root = make(
      "section",
      { class: "effcv-demo effcv-scrubber", "aria-label": "Curriculum scrubber" },
      this.words,
      make(
        "div",
        { class: "cs-main" },
        make("div", { class: "cs-controls" }, this.buildTraces(), this.buildTime()),
        this.buildWall(),
      ),
      make("p", { class: "demo-help", text: help }),
      this.live,
    );
    this.live.setAttribute("aria-live", "polite");
    el.append(this.root);
  }

  /** A table with one row for each trace, which is also the choice among them. */
  buildTraces() {
    const key = (part, text) => make("span", { class: `cs-key cs-${part}`, text });
    const head = (...content) => make("th", { scope: "col" }, ...content);
    this.rows = this.get("_traces").map(({ name }, index) => {
      const id = `${this.id}-trace-${index}`;
      const radio = make("input", { type: "radio", name: `${this.id}-trace`, id, class: "cs-radio" });
      keepKeys(radio);
      const cells = ["pool", "right", "easy", "hard"].map(() => make("td"));
      const label = make("label", { for: id }, radio, make("span", { text: name }));
      const line = make("tr", {}, make("th", { scope: "row" }, label), ...cells);
      return { name, radio, cells, line };
    });
    const titles = make(
      "tr",
      {},
      head(make("span", { text: "Order" })),
      head(key("pool", "in the pool")),
      head(make("span", { text: "right here" })),
      head(key("easy", "error, easier half")),
      head(key("hard", "error, harder half")),
    );
    return make(
      "table",
      { class: "cs-traces", role: "table", "aria-label": "Training runs at the chosen time" },
      make("thead", {}, titles),
      make("tbody", {}, ...this.rows.map(({ line }) => line)),
    );
  }

  buildTime() {
    const leap = Math.max(1, Math.round(this.last / 5));
    const scale = new LinearScale(0, this.last, { unit: 1, leap, whole: true });
    this.dialTime = this.dial("epoch", "Epochs done", scale);
    this.dialTime.set = (value) => this.go(value);
    this.button = make("button", { type: "button", class: "demo-button cs-play", text: "Play" });
    keepKeys(this.button);
    const { label, field, range, slider } = this.dialTime;
    const errors = errorRange(this.get("_traces"));
    this.plots = {
      pool: this.buildPlot("cs-plot-pool", "in the pool", [0, 1], ["pool"]),
      error: this.buildPlot("cs-plot-error", "validation error", errors, ["easy", "hard"]),
    };
    this.cursor = make("span", { class: "cs-cursor" });
    this.chart = make(
      "div",
      { class: "cs-chart", "aria-hidden": "true" },
      this.plots.pool.box,
      this.plots.error.box,
      make("div", { class: "cs-over" }, this.cursor),
    );
    const of = make("span", { class: "demo-soft", text: `of ${this.last}` });
    return make(
      "div",
      { class: "cs-time" },
      make("div", { class: "cs-line" }, this.button, label, field, of, range),
      this.chart,
      slider,
      tickLabels(scale, epochTicks(this.last)),
    );
  }

  /** Curves over the epochs: of each trace all `series`, the chosen trace's above the others'. */
  buildPlot(kind, title, [low, high], series) {
    const curve = (values, name) => {
      const point = (value, epoch) =>
        `${((1000 * epoch) / this.last).toFixed(1)} ${(1000 * (1 - (value - low) / (high - low))).toFixed(1)}`;
      return make("path", { class: `cs-curve cs-${name}`, d: `M${values.map(point).join("L")}` });
    };
    const curves = this.get("_traces").map((trace) => series.map((name) => curve(trace[name], name)));
    const dots = series.map((name) => make("span", { class: `cs-dot cs-${name}` }));
    const axis = [low, (low + high) / 2, high].map((value) => {
      const label = make("span", { class: "cs-tick", text: String(tidy(value, 2)) });
      place(label, "bottom", (value - low) / (high - low));
      return label;
    });
    const svg = make("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none" });
    const box = make(
      "div",
      { class: `cs-plot ${kind}` },
      make("span", { class: "cs-title", text: title }),
      make("div", { class: "cs-area" }, svg, ...axis, ...dots),
    );
    return { box, svg, curves, dots, series, low, high };
  }

  buildWall() {
    const { examples, classes } = this.get("_sample");
    this.picked = 0;
    this.wall = make("div", {
      class: "cs-wall",
      role: "listbox",
      "aria-label": "Examples, easiest first",
      "aria-orientation": "horizontal",
    });
    this.options = examples.map(({ image, label }, index) => {
      const picture = make("img", { src: image, alt: "", draggable: "false" });
      const option = make("div", { class: "cs-example", role: "option" }, picture, make("span", { class: "cs-mark" }));
      option.addEventListener("keydown", (event) => this.wallKey(event, index));
      option.addEventListener("focus", () => this.pick(index));
      option.addEventListener("pointerenter", () => this.peek(index));
      keepKeys(option);
      return { option, name: classes[label] };
    });
    this.wall.append(...this.options.map(({ option }) => option));
    this.large = make("img", { class: "cs-large", alt: "" });
    this.detail = make("p");
    const key = (kind, ...content) => make("span", { class: `cs-sign cs-${kind}` }, ...content);
    const mark = (kind) => make("span", { class: `cs-mark cs-${kind}` });
    return make(
      "div",
      { class: "cs-right-side" },
      make(
        "div",
        { class: "cs-legend", "aria-hidden": "true" },
        key("used", "in the pool"),
        key("unused", "not in it"),
        key("plain", mark("right"), "the net is right"),
        key("plain", mark("wrong"), "wrong"),
      ),
      this.wall,
      make(
        "div",
        { class: "cs-ends demo-soft", "aria-hidden": "true" },
        make("span", { text: "↑ easiest first" }),
        make("span", { text: "hardest last ↑" }),
      ),
      make("div", { class: "cs-detail", "aria-hidden": "true" }, this.large, this.detail),
    );
  }

  // -- input

  listen() {
    const { signal } = this;
    const on = (node, name, action) => node.addEventListener(name, action, { signal });
    this.dialTime.listen(signal);
    on(this.button, "click", () => (this.timer ? this.pause() : this.play()));
    on(this.chart, "pointerdown", (event) => this.dragTime(event));
    on(this.wall, "pointerleave", () => this.peek(null));
    this.options.forEach(({ option }) => on(option, "click", () => option.focus()));
    this.rows.forEach(({ name, radio }) => on(radio, "change", () => this.write({ shown: name })));
    signal.addEventListener("abort", () => [this.timer, this.later].forEach(clearTimeout));
  }

  /** A hand on the time ends the playing. */
  go(epoch) {
    this.pause();
    this.write({ epoch });
  }

  dragTime(event) {
    if (event.button !== 0) return;
    const box = this.plots.pool.svg.getBoundingClientRect();
    const { scale, slider } = this.dialTime;
    const move = ({ clientX }) => this.go(scale.at(clamp((clientX - box.left) / box.width, 0, 1)));
    event.preventDefault();
    const over = new AbortController();
    this.chart.setPointerCapture(event.pointerId);
    this.chart.addEventListener("pointermove", move, { signal: over.signal });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.chart.addEventListener(name, () => over.abort(), { signal: over.signal });
    }
    move(event);
    slider.focus({ preventScroll: true, focusVisible: false });
  }

  play() {
    if (this.get("epoch") === this.last) this.write({ epoch: 0 });
    this.wait();
    this.schedule();
  }

  /** Take the next step after a while: a longer one for who wants less motion. */
  wait() {
    const less = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pause = clamp(8000 / this.last, 100, 500);
    this.timer = setTimeout(() => this.tick(), less ? Math.max(1000, pause) : pause);
  }

  tick() {
    const epoch = Math.min(this.get("epoch") + 1, this.last);
    if (epoch < this.last) this.wait();
    else this.pause();
    this.write({ epoch });
  }

  pause() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.schedule();
  }

  pick(index) {
    this.picked = index;
    this.schedule();
  }

  peek(index) {
    this.peeked = index;
    this.schedule();
  }

  wallKey(event, index) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.options.length - 1;
    const top = this.options[0].option.offsetTop;
    const columns = this.options.filter(({ option }) => option.offsetTop === top).length;
    const next = {
      ArrowRight: index + 1,
      ArrowLeft: index - 1,
      ArrowDown: index + columns > last ? index : index + columns,
      ArrowUp: index - columns < 0 ? index : index - columns,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.options[clamp(next, 0, last)].option.focus();
  }

  // -- one draw for each animation frame

  draw() {
    const traces = this.get("_traces");
    const epoch = this.get("epoch");
    const chosen = traces.findIndex(({ name }) => name === this.get("shown"));
    const trace = traces[chosen];
    const { examples } = this.get("_sample");
    const right = traces.map(({ predicted }) =>
      predicted[epoch].map((guess, index) => guess === examples[index].label),
    );
    this.drawTable(traces, chosen, epoch, right);
    this.drawCurves(trace, chosen, epoch);
    this.drawWall(trace, epoch, right[chosen]);
    this.words.textContent = trace.words[epoch];
    this.button.textContent = this.timer ? "Pause" : "Play";
    const count = right[chosen].filter(Boolean).length;
    const spoken = `${percent(trace.pool[epoch])} in the pool, ${count} of ${examples.length} right`;
    this.dialTime.draw(`${epoch} of ${this.last} epochs; ${spoken}`);
    this.sayLater(trace.words[epoch]);
    const frames = (this.root.scrubber?.frames ?? 0) + 1;
    this.root.scrubber = { epoch, shown: trace.name, playing: Boolean(this.timer), frames };
  }

  drawTable(traces, chosen, epoch, right) {
    this.rows.forEach(({ radio, cells, line }, index) => {
      const { pool, easy, hard } = traces[index];
      const count = right[index].filter(Boolean).length;
      const texts = [percent(pool[epoch]), `${count}/${right[index].length}`];
      texts.push(easy[epoch].toFixed(2), hard[epoch].toFixed(2));
      cells.forEach((cell, k) => (cell.textContent = texts[k]));
      radio.checked = index === chosen;
      line.classList.toggle("cs-chosen", index === chosen);
    });
  }

  drawCurves(trace, chosen, epoch) {
    for (const { svg, curves, dots, series, low, high } of Object.values(this.plots)) {
      if (chosen !== this.drawn.chosen) {
        curves.flat().forEach((curve) => curve.classList.add("cs-other"));
        curves[chosen].forEach((curve) => curve.classList.remove("cs-other"));
        svg.append(...curves.filter((_, index) => index !== chosen).flat(), ...curves[chosen]);
      }
      dots.forEach((dot, index) => {
        place(dot, "left", epoch / this.last);
        place(dot, "bottom", (trace[series[index]][epoch] - low) / (high - low));
      });
    }
    this.drawn.chosen = chosen;
    place(this.cursor, "left", epoch / this.last);
  }

  drawWall(trace, epoch, right) {
    this.options.forEach(({ option, name }, index) => {
      const used = Boolean(trace.inPool[epoch][index]);
      option.classList.toggle("cs-used", used);
      option.classList.toggle("cs-right", right[index]);
      option.classList.toggle("cs-wrong", !right[index]);
      option.tabIndex = index === this.picked ? 0 : -1; // one stop of the Tab key for the whole wall
      option.setAttribute("aria-selected", String(index === this.picked));
      option.setAttribute("aria-label", `${index + 1}: ${this.describe(trace, epoch, index, name)}`);
    });
    const index = this.peeked ?? this.picked;
    const { image } = this.get("_sample").examples[index];
    if (this.large.getAttribute("src") !== image) this.large.setAttribute("src", image);
    const place = `Picture ${index + 1} of ${this.options.length}, `;
    this.detail.textContent = place + this.describe(trace, epoch, index, this.options[index].name);
  }

  describe(trace, epoch, index, name) {
    const { classes, examples } = this.get("_sample");
    const says = classes[trace.predicted[epoch][index]];
    const used = trace.inPool[epoch][index] ? "in the pool" : "not in the pool";
    const p = probabilityText(trace.probs[epoch][index]);
    const verdict = says === name ? `the net is right, p = ${p}` : `the net says ${says}, p of ${name} = ${p}`;
    return `${name}, difficulty ${Number(examples[index].difficulty.toFixed(3))}: ${used}; ${verdict}`;
  }

  /** Say the moment when nothing has moved for a while, so that playing and dragging are not a flood. */
  sayLater(words) {
    if (words === this.said) return; // or about to be said
    clearTimeout(this.later);
    if (this.timer) return;
    const first = this.said === undefined;
    this.said = words;
    if (first) this.say(words);
    else this.later = setTimeout(() => this.say(words), SILENCE_MS);
  }

  /** Say at once, and nothing over it that was waiting. */
  say(text) {
    clearTimeout(this.later);
    super.say(text);
  }
}

export default rendering(Scrubber);
