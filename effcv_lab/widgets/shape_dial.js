// Drawing of the shape dial: after demo.js a plain ES module, without build step, imports or network.
//
// Nothing is computed here: Python draws the pictures and asks the nets. What it sends says to which
// dials it belongs (`of`), so that a view knows whether its picture is older than its sliders.

const PATIENCE = 1000; // milliseconds without an answer, after which the view says so

/** Paint picture `index` of many grey ones, one byte for each pixel. */
function paint(canvas, pixels, index) {
  const { width, height } = canvas;
  const picture = new ImageData(width, height);
  for (let k = 0; k < width * height; k += 1) {
    const grey = pixels.getUint8(index * width * height + k);
    picture.data.set([grey, grey, grey, 255], 4 * k);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const rangeText = (scale, [from, to]) =>
  from === to ? scale.text(from) : `${scale.text(from)} to ${scale.text(to)}`;
const an = (word) => (/^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`);
const says = (probs) => probs.indexOf(Math.max(...probs));
const join = (words) => words.join(", ");

class ShapeDial extends Demo {
  get traits() {
    return [...this.names, "label", "seed", "_shown"];
  }

  get names() {
    return this.get("_fixed").dials.map(({ name }) => name);
  }

  // -- the parts that stay

  build(el) {
    const { dials, classes } = this.get("_fixed");
    this.classes = classes;
    this.dials = dials.map((dial) => this.buildDial(dial));
    this.picture = this.canvas("sd-picture", { role: "img" });
    this.note = make("p", { class: "sd-note", hidden: "" });
    const help =
      "Move a dial: with the mouse, or with Tab and the arrow keys. The bars below it show where the " +
      "training sets have it. “Draw anew” keeps the dials and changes the greys, the strokes and the noise.";
    this.root = make(
      "section",
      { class: "effcv-demo effcv-dial", "aria-label": "Shape dial" },
      make(
        "div",
        { class: "sd-top" },
        make("div", { class: "sd-left" }, this.picture, this.buildClasses(), this.buildButtons()),
        make("div", { class: "sd-dials" }, ...this.dials.map(({ block }) => block), this.buildLegend()),
      ),
      this.note,
      this.buildDifficulty(),
      (this.answers = make("div", { class: "sd-nets" })),
      make("p", { class: "demo-help", text: help }),
      (this.code = make("code", { class: "sd-code" })),
      this.live,
    );
    el.append(this.root);
  }

  canvas(name, options) {
    const side = Math.sqrt(this.get("_shown").pixels.byteLength / this.classes.length);
    return make("canvas", { class: name, width: side, height: side, ...options });
  }

  buildDial({ name, title, low, high, step, leap, whole, ranges }) {
    const scale = new LinearScale(low, high, { unit: step, leap, whole });
    const dial = this.dial(name, title, scale);
    const tag = make("span", { class: "sd-tag", "aria-hidden": "true" });
    const line = make("div", { class: "sd-line" }, dial.label, tag, dial.field, dial.range);
    const sets = make("div", { class: "sd-sets", "aria-hidden": "true" });
    for (const [set, [from, to]] of Object.entries(ranges)) {
      const band = make("span", { class: `sd-band sd-${set}` });
      place(band, "left", scale.share(from));
      place(band, "width", scale.share(to) - scale.share(from));
      sets.append(band);
    }
    const block = make("div", { class: "sd-dial" }, line, dial.slider, sets);
    return { name, title, ranges, dial, tag, block };
  }

  buildLegend() {
    const key = (set) => make("span", { class: `sd-key sd-${set}`, text: `${set} set` });
    return make("p", { class: "sd-legend" }, key("easy"), key("hard"));
  }

  buildClasses() {
    this.options = this.classes.map((name, label) => {
      const option = make("button", { type: "button", role: "radio", class: "sd-class" });
      const canvas = this.canvas("sd-small", { "aria-hidden": "true" });
      const verdict = make("span", { class: "sd-verdict" });
      option.append(canvas, make("span", { text: name }), verdict);
      option.addEventListener("click", () => this.choose(label));
      option.addEventListener("keydown", (event) => this.classKey(event, label));
      keepKeys(option);
      return { option, canvas, verdict };
    });
    const options = this.options.map(({ option }) => option);
    return make("div", { class: "sd-classes", role: "radiogroup", "aria-label": "Class" }, ...options);
  }

  buildButtons() {
    const button = (text, action) => {
      const node = make("button", { type: "button", class: "demo-button", text });
      node.addEventListener("click", action);
      keepKeys(node);
      return node;
    };
    const { presets } = this.get("_fixed");
    const named = Object.entries(presets).map(([name, dials]) =>
      button(name, () => this.turn({ ...dials })),
    );
    const anew = button("draw anew", () => this.anew());
    return make("div", { class: "sd-buttons", role: "group", "aria-label": "Presets" }, ...named, anew);
  }

  buildDifficulty() {
    const entry = (name) => {
      const parts = { value: make("b"), note: make("span", { class: "demo-soft" }) };
      const described = make("dd", {}, parts.value, " ", parts.note);
      this.entries.push(make("div", { class: "sd-entry" }, make("dt", { text: name }), described));
      return parts;
    };
    this.entries = [];
    this.rule = entry("Difficulty by rule");
    this.sets = entry("Difficulty by dial");
    return make("dl", { class: "sd-difficulty" }, ...this.entries);
  }

  // -- one block for each net

  buildNets(nets) {
    this.nets = nets.map(({ name }) => {
      const verdict = make("span");
      const rows = this.classes.map((label) => {
        const bar = make("span", { class: "demo-bar" });
        const number = make("span", { role: "cell", class: "sd-number" });
        const line = make(
          "div",
          { class: "demo-row", role: "row" },
          make("span", { class: "demo-name", role: "rowheader", text: label }),
          make("span", { class: "demo-bars", "aria-hidden": "true" }, bar),
          number,
        );
        return { bar, number, line };
      });
      const head = make("p", { class: "sd-head" }, make("b", { text: name }), verdict);
      const table = make(
        "div",
        { class: "demo-rows", role: "table", "aria-label": `${name}: probabilities` },
        ...rows.map(({ line }) => line),
      );
      return { block: make("div", { class: "sd-net" }, head, table), verdict, rows };
    });
    this.answers.replaceChildren(...this.nets.map(({ block }) => block));
    this.answers.hidden = nets.length === 0;
  }

  // -- input

  listen() {
    this.dials.forEach(({ dial }) => dial.listen(this.signal));
    this.signal.addEventListener("abort", () => clearTimeout(this.waiting));
  }

  /** Turn several dials at once, and say what came of it when it is there. */
  turn(values) {
    this.speak = true;
    this.write(values);
    this.schedule();
  }

  anew() {
    const seed = this.get("seed");
    this.turn({ seed: seed < this.get("_fixed").last_seed ? seed + 1 : 0 });
  }

  choose(label) {
    this.turn({ label });
  }

  classKey(event, label) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const count = this.classes.length;
    const next = {
      ArrowRight: label + 1,
      ArrowDown: label + 1,
      ArrowLeft: label - 1,
      ArrowUp: label - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const other = (next + count) % count;
    this.options[other].option.focus();
    this.choose(other);
  }

  // -- one draw for each animation frame

  /** Whether what Python sent belongs to where the dials stand now. */
  isAnswered({ of }) {
    return [...this.names, "seed"].every((name) => of[name] === this.get(name));
  }

  draw() {
    const shown = this.get("_shown");
    const label = this.get("label");
    if (shown !== this.drawn.shown) this.drawShown(shown);
    if (shown !== this.drawn.shown || label !== this.drawn.label) this.drawChosen(shown, label);
    Object.assign(this.drawn, { shown, label });
    const answers = this.answersTo(label);
    this.dials.forEach(({ dial, tag }) => {
      const where = tag.textContent && `, ${tag.textContent}`;
      dial.draw(join([`${dial.scale.text(dial.get())}${where}`, ...answers]));
    });
    const answered = this.isAnswered(shown);
    this.wait(!answered);
    if (answered && this.speak) {
      this.speak = false;
      this.say(join([`${this.classes[label]}: elongation ${shown.elongation[label].toFixed(2)}`, ...answers]));
    }
    const frames = (this.root.dial?.frames ?? 0) + answered;
    this.root.dial = { ...shown, label, answered, frames };
  }

  /** What the nets say of the picture of one class, in words. */
  answersTo(label) {
    return this.get("_shown").nets.map(({ name, probs }) => {
      const said = says(probs[label]);
      return `${name} ${said === label ? "right" : `wrong, says ${this.classes[said]}`}`;
    });
  }

  drawShown(shown) {
    const known = join(shown.nets.map(({ name }) => name));
    if (known !== this.drawn.known) this.buildNets(shown.nets);
    this.drawn.known = known;
    this.options.forEach(({ option, canvas, verdict }, label) => {
      paint(canvas, shown.pixels, label);
      const marks = shown.nets.map(({ name, probs }) => {
        const mark = says(probs[label]) === label ? "✓" : "✗";
        return make("span", {}, make("span", { text: name }), mark);
      });
      verdict.replaceChildren(...marks);
      option.setAttribute("aria-label", join([this.classes[label], ...this.answersTo(label)]));
    });
    const { easy, hard } = shown.outside;
    this.dials.forEach(({ name, tag, block }) => {
      const neither = hard.includes(name);
      tag.textContent = neither ? "in no set" : easy.includes(name) ? "hard set only" : "";
      block.classList.toggle("sd-outside", easy.includes(name));
    });
  }

  drawChosen(shown, label) {
    paint(this.picture, shown.pixels, label);
    this.picture.setAttribute("aria-label", `Picture of ${an(this.classes[label])}`);
    this.options.forEach(({ option }, index) => {
      option.setAttribute("aria-checked", String(index === label));
      option.tabIndex = index === label ? 0 : -1; // one stop of the Tab key for all
    });
    this.drawDifficulty(shown, label);
    shown.nets.forEach(({ probs, losses }, net) => {
      const { verdict, rows } = this.nets[net];
      const said = says(probs[label]);
      const judged = said === label ? "✓ right" : `✗ wrong, says ${this.classes[said]}`;
      verdict.textContent = `${judged}; loss ${losses[label].toFixed(2)} nats`;
      rows.forEach(({ bar, number, line }, k) => {
        place(bar, "width", probs[label][k]);
        number.textContent = probabilityText(probs[label][k]);
        line.classList.toggle("sd-true", k === label);
      });
    });
    this.drawCode(shown, label);
  }

  drawDifficulty({ of, elongation, outside }, label) {
    const fooled = [["noise", "pixels of noise"], ["clutter", "strokes"]].filter(([name]) => of[name] > 0);
    const said = `1 − aspect = ${tidy(1 - of.aspect, 3)}`;
    this.rule.value.textContent = `elongation ${elongation[label].toFixed(2)}`;
    this.rule.note.textContent = fooled.length
      ? `${said}, but ${fooled.map(([, what]) => what).join(" and ")} mislead the rule`
      : said;
    const { easy, hard } = outside;
    this.sets.value.textContent = easy.length ? `unlike the easy set: ${join(easy)}` : "as in the easy set";
    const there = this.dials
      .filter(({ name }) => easy.includes(name))
      .map(({ name, dial, ranges }) => `${name} ${rangeText(dial.scale, ranges.easy)}`);
    const such = hard.length ? "the hard set has no such picture either" : "the hard set has such pictures";
    this.sets.note.textContent = easy.length ? `the easy set has ${join(there)}; ${such}` : "";
  }

  /** The call that draws this very picture. */
  drawCode({ of }, label) {
    const { across, down, seed, ...rest } = of;
    const others = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
    const places = `position=((${across}, ${across}), (${down}, ${down}))`;
    this.code.textContent = `draw_shapes(1, ${join([`seed=${seed}`, `label=${label}`, places, ...others])})`;
  }

  /** Say so if Python leaves a move without an answer. */
  wait(late) {
    if (!late) {
      clearTimeout(this.waiting);
      this.waiting = 0;
      this.note.hidden = true;
      this.root.classList.remove("sd-late");
    } else if (!this.waiting) {
      this.waiting = setTimeout(() => {
        this.note.textContent =
          "Python does not answer: the picture is older than the dials. If the kernel is not just " +
          "busy, run the cell again.";
        this.note.hidden = false;
        this.root.classList.add("sd-late");
        this.say(this.note.textContent);
      }, PATIENCE);
    }
  }
}

export default rendering(ShapeDial);
