// What predict.js and quiz.js share; both are put behind this text to make one module each.

let views = 0;

/** Make an element; text and attributes are set as such, so nothing is ever parsed as HTML. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  // JupyterLab would take arrows, Space and letters as commands for the cell. Its rule looks at
  // the focused element itself, so a mark on the form alone is not enough.
  if (tag === "input" || tag === "button") node.dataset.lmSuppressShortcuts = "true";
  node.append(...children);
  return node;
}

/** Hide the readable copy that stands above a running widget; returns what shows it again. */
function hideCopy(name) {
  if (!name) return () => {};
  const style = make("style");
  style.textContent = `.jp-OutputArea-child:has(.${name}), .${name} { display: none !important; }`;
  document.head.append(style);
  return () => style.remove();
}

/** The frame of a question: a form with a fieldset, one button and one live line below it. */
function makeForm(el, kind, question) {
  const id = `effcv-question-${Date.now()}-${views++}`;
  const legend = make("legend", {}, make("span", { class: "effcv-kind" }, kind), question);
  const fields = make("fieldset", {}, legend);
  const button = make("button", { type: "submit" });
  const status = make("p", { class: "effcv-status", role: "status", tabindex: "-1" });
  const row = make("div", { class: "effcv-actions" }, button, status);
  const form = make("form", { class: "effcv-question", novalidate: "" }, fields, row);
  form.dataset.lmSuppressShortcuts = "true";
  // Enter presses the button, as in any form; in an output the browser does not always do it.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (!event.repeat) form.requestSubmit(button);
  });
  el.append(form);
  return { form, fields, button, status, id };
}

/** One radio button or box with its label. */
function makeChoice(id, index, text, type) {
  const input = make("input", { type, name: id, value: String(index), id: `${id}-${index}` });
  const label = make("label", { for: input.id }, input, make("span", {}, text));
  return { input, label };
}
