function render({ model, el }) {
  const showCopy = hideCopy(model.get("hides"));
  const { form, fields, button, status, id } = makeForm(el, "Quiz", model.get("question"));
  const choices = model.get("choices");
  const rightCount = choices.filter(({ right }) => right).length;
  const several = rightCount > 1;
  button.textContent = "Check";
  if (several) fields.append(make("p", { class: "effcv-hint" }, "Tick all that are right."));

  const rows = choices.map(({ text, right, why }, index) => {
    const { input, label } = makeChoice(id, index, text, several ? "checkbox" : "radio");
    const verdict = make("strong", {}, right ? "Right. " : "Not right. ");
    const note = make("p", { class: "effcv-why", id: `${input.id}-why` }, verdict, why);
    note.hidden = true;
    const row = make("div", { class: "effcv-choice" }, label, note);
    fields.append(row);
    return { input, note, row, text, right, why };
  });

  const show = ({ input, note, row, right }, visible) => {
    note.hidden = !visible;
    row.classList.toggle("effcv-right", visible && right);
    row.classList.toggle("effcv-wrong", visible && !right);
    if (visible) input.setAttribute("aria-describedby", note.id);
    else input.removeAttribute("aria-describedby");
  };
  /** Say the outcome; the explanations, readable above, are read aloud with it. */
  const announce = (words, told) => {
    const heard = told.map(({ text, right, why }) => `${text}: ${right ? "right" : "not right"}. ${why}`);
    status.replaceChildren(words, make("span", { class: "effcv-heard" }, ` ${heard.join(" ")}`));
  };
  const onInput = () => {
    rows.forEach((row) => show(row, false));
    status.textContent = "";
  };
  const onSubmit = (event) => {
    event.preventDefault();
    const chosen = rows.filter(({ input }) => input.checked);
    if (chosen.length === 0) {
      status.textContent = several ? "Tick at least one answer." : "Choose an answer first.";
      return;
    }
    const found = chosen.filter(({ right }) => right).length;
    const solved = found === rightCount && chosen.length === rightCount;
    const told = solved ? rows : chosen;
    rows.forEach((row) => show(row, told.includes(row)));
    const others = rightCount < choices.length ? " Read why the others are not." : "";
    if (solved) announce(`That is right.${others}`, told);
    else if (!several) announce("Not this one. Read why, then try another.", told);
    else announce(`${found} of the ${rightCount} right answers found. Try again.`, told);
  };

  form.addEventListener("input", onInput);
  form.addEventListener("submit", onSubmit);
  return showCopy;
}

export default { render };
