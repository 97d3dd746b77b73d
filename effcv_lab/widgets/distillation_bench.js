// Drawing of the distillation bench: after demo.js a plain ES module, without build step, imports or
// network.

const T_SCALE = new LogScale(0.5, 100, [0.5, 1, 2, 5, 10, 20, 50, 100]);
const T_TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100];
const ALPHA_SCALE = new LinearScale(0, 1);
const ALPHA_TICKS = [0, 0.25, 0.5, 0.75, 1];
const PUSH_NAMES = { hard: "label", soft: "teacher" };

// ---------------------------------------------------------------- the mathematics, as in Python

/** Losses of one example, and what each part adds to the gradient on the student's logits. */
function measure({ logits, student_logits, label }, temperature, alpha, squared) {
  const logTeacher = logSoftmax(logits, temperature);
  const logStudent = logSoftmax(student_logits, temperature);
  const teacher = logTeacher.map(Math.exp);
  const student = logStudent.map(Math.exp);
  const plain = logSoftmax(student_logits, 1); // the hard part knows no temperature
  const factor = squared ? temperature ** 2 : 1;
  const divergence = teacher.reduce((sum, p, k) => sum + p * (logTeacher[k] - logStudent[k]), 0);
  const losses = { hard: -plain[label], soft: factor * divergence };
  losses.total = (1 - alpha) * losses.hard + alpha * losses.soft;
  const hard = plain.map((log, k) => (1 - alpha) * (Math.exp(log) - (k === label ? 1 : 0)));
  const soft = student.map((q, k) => (alpha * factor * (q - teacher[k])) / temperature);
  const total = hard.map((part, k) => part + soft[k]);
  const bits = entropy(teacher) / Math.LN2;
  return { teacher, student, losses, gradients: { hard, soft, total }, bits };
}

const length = (vector) => Math.hypot(...vector);

/** How far a push can reach in this example at any T and alpha, up to a round number: neither of
 * them changes the axis, so what shrinks is seen to shrink. */
function reachOf(example) {
  let most = 1e-6;
  for (let share = 0; share <= 1; share += 1 / 64) {
    const temperature = T_SCALE.at(share);
    const { hard } = measure(example, temperature, 0, true).gradients;
    const { soft } = measure(example, temperature, 1, true).gradients;
    most = Math.max(most, ...hard.map(Math.abs), ...soft.map(Math.abs));
  }
  const power = 10 ** Math.floor(Math.log10(most));
  return power * [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most * 0.999);
}

// ---------------------------------------------------------------- numbers as text

/** 0.412, or 3.1·10⁻⁵ for what would be 0.000. */
const lossText = (value) => probabilityText(Math.max(0, value));
function signedText(value) {
  const text = probabilityText(Math.abs(value));
  if (text === "0") return text;
  return (value < 0 ? "−" : "+") + text;
}

// ---------------------------------------------------------------- the view

class Bench extends Demo {
  get traits() {
    return ["temperature", "alpha", "chosen", "squared", "_examples"];
  }

  // -- the parts that stay

  build(el) {
    this.strip = make("div", {
      class: "db-strip",
      role: "listbox",
      "aria-label": "Examples",
      "aria-orientation": "horizontal",
    });
    this.caption = make("p", { class: "demo-caption" });
    this.table = make("div", { class: "demo-rows", role: "table", "aria-label": "Classes" });
    const help =
      "Choose a picture, move T and α: with the mouse, or with Tab and the arrow keys. " +
      "Only another picture changes the axis of the pushes.";
    this.root = make(
      "section",
      { class: "effcv-demo demo-two effcv-bench", "aria-label": "Distillation bench" },
      make("div", { class: "db-top" }, this.strip, this.caption),
      this.buildControls(),
      this.table,
      this.buildNumbers(),
      make("p", { class: "demo-help", text: help }),
      this.live,
    );
    el.append(this.root);
  }

  buildControls() {
    this.dialT = this.dial("temperature", "Temperature T", T_SCALE);
    this.dialAlpha = this.dial("alpha", "α, weight of the teacher", ALPHA_SCALE);
    const block = ({ label, field, range, slider }, ticks) =>
      make(
        "div",
        { class: "db-dial" },
        make("div", { class: "db-line" }, label, field, range),
        slider,
        ticks,
      );
    const id = `${this.id}-without`;
    this.without = make("input", { type: "checkbox", role: "switch", id, class: "db-check" });
    keepKeys(this.without);
    return make(
      "div",
      { class: "db-controls" },
      block(this.dialT, tickLabels(T_SCALE, T_TICKS, 1)),
      block(this.dialAlpha, tickLabels(ALPHA_SCALE, ALPHA_TICKS)),
      make("label", { for: id, class: "db-switch" }, this.without, "without T²"),
    );
  }

  buildNumbers() {
    this.numbers = {};
    const entry = (key, name) => {
      const parts = { value: make("b"), note: make("span", { class: "demo-soft" }) };
      this.numbers[key] = parts;
      const described = make("dd", {}, parts.value, " ", parts.note);
      return make("div", { class: "db-entry" }, make("dt", { text: name }), described);
    };
    return make(
      "dl",
      { class: "db-numbers" },
      entry("hard", "Hard loss"),
      entry("soft", "Soft loss"),
      entry("total", "Total loss"),
      entry("hardPush", "Label’s push"),
      entry("softPush", "Teacher’s push"),
      entry("bits", "Teacher’s entropy"),
    );
  }

  // -- the parts that depend on the examples

  buildExamples(examples) {
    this.options = examples.map((example, index) => {
      const { name, image, classes, label } = example;
      const option = make("button", {
        type: "button",
        role: "option",
        class: "db-example",
        "aria-label": `${name}, label ${classes[label]}`,
      });
      if (image) option.append(make("img", { src: image, alt: "" }));
      option.append(make("span", { text: name }));
      option.addEventListener("click", () => this.choose(index));
      option.addEventListener("keydown", (event) => this.stripKey(event, index));
      keepKeys(option);
      return option;
    });
    this.strip.replaceChildren(...this.options);
    this.buildRows(examples[0].classes);
  }

  buildRows(classes) {
    const key = (kind, text) => make("span", { class: `demo-key ${kind}`, text });
    const bars = make(
      "span",
      { class: "demo-bars", "aria-hidden": "true" },
      make("span", {}, key("demo-teacher", "teacher"), key("demo-student", "student")),
      (this.probabilityHead = make("span")),
    );
    const push = make(
      "span",
      { class: "db-push", "aria-hidden": "true" },
      make(
        "span",
        {},
        key("db-hard", "label (hard)"),
        key("db-soft", "teacher (soft)"),
        key("db-total", "sum"),
      ),
      make("span", { text: "Push on the student’s logit = −gradient" }),
    );
    const column = (name, heard, text = "") =>
      make("span", { class: name, role: "columnheader", "aria-label": heard, text });
    const head = make(
      "div",
      { class: "demo-row demo-head", role: "row" },
      column("demo-name", "class", "class"),
      bars,
      column("demo-number", "probabilities"),
      push,
      column("db-sum", "pushes on the student’s logit", "sum"),
    );
    this.rows = classes.map((name) => this.buildRow(name));
    const longest = Math.max(...classes.map((name) => [...name].length));
    this.root.style.setProperty("--demo-count", classes.length);
    this.root.style.setProperty("--demo-name", `${clamp(longest, 5, 14) + 1}ch`);
    this.table.replaceChildren(head, ...this.rows.map(({ line }) => line), this.buildAxis());
  }

  buildRow(name) {
    const hidden = (text) => make("span", { class: "demo-hidden", text });
    const pair = (series) => {
      const number = make("span", { class: `demo-${series}` });
      const text = make("span");
      number.append(hidden(`${series} `), text);
      return { bar: make("span", { class: `demo-bar demo-${series}` }), number, text };
    };
    const row = {
      teacher: pair("teacher"),
      student: pair("student"),
      hard: make("span", { class: "demo-glide db-part db-hard" }),
      soft: make("span", { class: "demo-glide db-part db-soft" }),
      total: make("span", { class: "demo-glide db-mark db-total" }),
      heard: hidden(""),
      sum: make("span"),
      tag: make("span", { class: "db-tag", text: "label" }),
    };
    row.line = make(
      "div",
      { class: "demo-row", role: "row" },
      make("span", { class: "demo-name", role: "rowheader", title: name }, make("span", { text: name }), row.tag),
      make("span", { class: "demo-bars", "aria-hidden": "true" }, row.teacher.bar, row.student.bar),
      make("span", { class: "demo-number", role: "cell" }, row.teacher.number, row.student.number),
      make("span", { class: "db-push", "aria-hidden": "true" }, row.hard, row.soft, row.total),
      make("span", { class: "db-sum", role: "cell" }, row.heard, row.sum),
    );
    return row;
  }

  buildAxis() {
    const bars = make("span", { class: "demo-bars" });
    for (const share of [0, 0.5, 1]) bars.append(this.tick(share, String(share)));
    this.pushAxis = make("span", { class: "db-push" });
    const blank = (name) => make("span", { class: name });
    const cells = [blank("demo-name"), bars, blank("demo-number"), this.pushAxis, blank("db-sum")];
    return make("div", { class: "demo-row demo-axis", "aria-hidden": "true" }, ...cells);
  }

  tick(share, text, minor = false) {
    const tick = make("span", { text, class: minor ? "demo-minor" : "" });
    place(tick, "left", share);
    return tick;
  }

  // -- input

  listen() {
    const { signal } = this;
    this.dialT.listen(signal);
    this.dialAlpha.listen(signal);
    this.without.addEventListener("change", () => this.switchFactor(), { signal });
  }

  switchFactor() {
    const squared = !this.without.checked;
    this.ease();
    this.write({ squared });
    const { soft } = this.measured(this.get("chosen")).gradients;
    this.say(`${squared ? "With" : "Without"} T²: the teacher’s push has length ${length(soft).toPrecision(2)}.`);
  }

  choose(index) {
    const example = this.get("_examples")[index];
    this.ease();
    this.write({ chosen: index });
    this.schedule();
    const { losses } = this.measured(index);
    this.say(
      `${example.name}, label ${example.classes[example.label]}: hard loss ` +
        `${losses.hard.toFixed(2)}, soft loss ${losses.soft.toFixed(2)}.`,
    );
  }

  stripKey(event, index) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.options.length - 1;
    const next = {
      ArrowRight: index + 1,
      ArrowDown: index + 1,
      ArrowLeft: index - 1,
      ArrowUp: index - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const other = clamp(next, 0, last);
    this.options[other].focus();
    if (other !== index) this.choose(other);
  }

  // -- one draw for each animation frame

  measured(chosen) {
    const example = this.get("_examples")[chosen];
    return measure(example, this.get("temperature"), this.get("alpha"), this.get("squared"));
  }

  draw() {
    const examples = this.get("_examples");
    if (examples !== this.drawn.examples) {
      this.buildExamples(examples);
      this.drawn.examples = examples;
    }
    const [temperature, alpha, chosen, squared] = this.traits.map((name) => this.get(name));
    const example = examples[chosen];
    const result = this.measured(chosen);
    this.drawStrip(example, chosen);
    this.drawAxis(example);
    this.drawRows(example, result);
    this.drawNumbers(temperature, squared, example.classes.length, result);
    const { losses, bits } = result;
    const spoken = `soft loss ${losses.soft.toFixed(2)}, total ${losses.total.toFixed(2)}`;
    this.dialT.draw(`T = ${T_SCALE.text(temperature)}; ${spoken}; teacher’s entropy ${bits.toFixed(2)} bits`);
    this.dialAlpha.draw(`α = ${ALPHA_SCALE.text(alpha)}; ${spoken}`);
    this.without.checked = !squared;
    this.root.classList.toggle("db-unsquared", !squared);
    const frames = (this.root.bench?.frames ?? 0) + 1;
    this.root.bench = { temperature, alpha, chosen, squared, ...result, frames };
  }

  drawStrip(example, chosen) {
    this.options.forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === chosen));
      option.tabIndex = index === chosen ? 0 : -1; // one stop of the Tab key for the whole strip
    });
    const label = example.classes[example.label];
    this.caption.textContent = `${example.name}: the label says ${label}. ${example.caption}`;
  }

  /** The axis of the pushes belongs to the example. */
  drawAxis(example) {
    if (example === this.drawn.example) return;
    this.drawn.example = example;
    this.reach = reachOf(example);
    const ticks = [-1, -0.5, 0, 0.5, 1].map((part) => {
      const text = minus(String(tidy(part * this.reach, 3)));
      return this.tick((1 + part) / 2, part > 0 ? `+${text}` : text, part % 1 !== 0);
    });
    const ways = ["← this logit goes down", "this logit goes up →"];
    this.pushAxis.replaceChildren(...ticks, ...ways.map((text) => make("span", { class: "db-way", text })));
  }

  drawRows({ label }, { teacher, student, gradients }) {
    this.rows.forEach((row, k) => {
      for (const [{ bar, text }, p] of [[row.teacher, teacher[k]], [row.student, student[k]]]) {
        place(bar, "width", p);
        text.textContent = probabilityText(p);
      }
      const push = (part) => -gradients[part][k];
      for (const part of ["hard", "soft"]) {
        const share = push(part) / this.reach / 2;
        place(row[part], "left", 0.5 + Math.min(share, 0));
        place(row[part], "width", Math.abs(share));
      }
      place(row.total, "left", 0.5 + push("total") / this.reach / 2);
      row.sum.textContent = signedText(push("total"));
      const said = ["hard", "soft"].map((part) => `${PUSH_NAMES[part]} ${signedText(push(part))}`);
      row.heard.textContent = `${said.join(", ")}, sum `;
      row.line.classList.toggle("db-true", k === label);
    });
  }

  drawNumbers(temperature, squared, classCount, { losses, gradients, bits }) {
    const T = T_SCALE.text(temperature);
    this.probabilityHead.textContent = `Probability at T = ${T}`;
    const show = (key, value, note) => {
      this.numbers[key].value.textContent = value;
      this.numbers[key].note.textContent = note;
    };
    show("hard", lossText(losses.hard), "cross-entropy with the label, T = 1");
    const soft = squared ? "T² · KL(teacher, student)" : "KL(teacher, student), without T²";
    show("soft", lossText(losses.soft), soft);
    show("total", lossText(losses.total), "(1 − α) · hard + α · soft");
    show("bits", `${bits.toFixed(2)} bits`, `of ${Math.log2(classCount).toFixed(2)}, at T = ${T}`);
    show("hardPush", lossText(length(gradients.hard)), "length of (1 − α) · (y − q), T = 1");
    const push = squared ? "α · T · (p − q)" : "α · (p − q) / T";
    show("softPush", lossText(length(gradients.soft)), `length of ${push}`);
  }
}

export default rendering(Bench);
