/** Fill the fieldset with radio buttons or a number field; returns how to read the answer. */
function makeAnswer(model, fields, id) {
  const choices = model.get("choices");
  if (choices.length > 0) {
    const made = choices.map((text, index) => makeChoice(id, index, text, "radio"));
    fields.append(...made.map(({ label }) => make("div", { class: "effcv-choice" }, label)));
    return {
      read: () => choices[made.findIndex(({ input }) => input.checked)] ?? null,
      show: (words) => made.forEach(({ input }, i) => (input.checked = choices[i] === words)),
      missing: "Choose an answer first.",
    };
  }
  const [low, high, unit] = ["low", "high", "unit"].map((name) => model.get(name));
  const input = make("input", { type: "text", inputmode: "decimal", id, autocomplete: "off" });
  const span = `Your number, from ${low} to ${high}${unit ? ` (${unit})` : ""}`;
  fields.append(make("div", { class: "effcv-number" }, make("label", { for: id }, span), input));
  const asNumber = () => {
    const text = input.value.trim().replace(",", ".").replace("\u2212", "-");
    const number = text === "" ? NaN : Number(text);
    return number >= low && number <= high ? number : null;
  };
  return {
    read: asNumber,
    show: (words) => (input.value = words),
    missing: `Type a number from ${low} to ${high} first.`,
  };
}

function render({ model, el }) {
  const showCopy = hideCopy(model.get("hides"));
  const { form, fields, button, status, id } = makeForm(el, "Predict", model.get("question"));
  const answer = makeAnswer(model, fields, id);
  let asked = null; // the answer that the button offers to lock

  const reset = () => {
    asked = null;
    button.textContent = "Commit";
    button.removeAttribute("aria-disabled");
    form.classList.remove("effcv-asked");
  };
  const onInput = () => {
    reset();
    status.textContent = "";
  };
  const onSubmit = (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") || model.get("locked")) return;
    const value = answer.read();
    if (value === null) {
      reset();
      status.textContent = answer.missing;
    } else if (asked !== value) {
      asked = value;
      button.textContent = `Lock in “${value}”`;
      status.textContent = "Press once more to lock it; then it cannot be changed.";
      form.classList.add("effcv-asked");
    } else {
      button.setAttribute("aria-disabled", "true");
      status.textContent = "Waiting for the kernel, which may be busy with another cell.";
      model.send({ commit: value });
    }
  };
  const onLocked = () => {
    const words = model.get("locked");
    if (!words) return;
    const hadFocus = form.contains(document.activeElement);
    answer.show(words);
    fields.disabled = true;
    button.hidden = true;
    form.classList.add("effcv-locked");
    const late = model.get("late") ? " It was committed after the result was out." : "";
    status.textContent = `Locked: ${words}.${late}`;
    if (hadFocus) status.focus({ preventScroll: true });
  };
  const onProblem = () => {
    if (!model.get("problem")) return;
    reset();
    status.textContent = model.get("problem");
  };

  reset();
  onLocked();
  form.addEventListener("input", onInput);
  form.addEventListener("submit", onSubmit);
  model.on("change:locked", onLocked);
  model.on("change:problem", onProblem);
  return () => {
    model.off("change:locked", onLocked);
    model.off("change:problem", onProblem);
    showCopy();
  };
}

export default { render };
