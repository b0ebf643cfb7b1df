// Making elements. Text goes in by `textContent` alone, so no name can become markup.

/** An element with a class, a text, and listeners. */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function button(className, text, act) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function dot(colour) {
  const element = make("span", `dot c-${colour}`);
  element.setAttribute("aria-hidden", "true");
  return element;
}

function number(value) {
  return value.toLocaleString("en-US");
}

function counted(value, one, many) {
  return `${number(value)} ${value === 1 ? one : many}`;
}
