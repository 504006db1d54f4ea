// Elements from plain data. Text is only ever set as text: nothing on this page parses markup.

/** An element with attributes, listeners (`onclick`), `data` and `style` properties, and children; null ones are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") Object.entries(value).forEach(([key, text]) => element.style.setProperty(key, text));
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map(shown));
  return element;
}

// Control characters but tab and line feed, marks that turn text around, and tags that nobody sees.
const OBEYED = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text with such characters written out; anything else as it is. */
export function shown(child) {
  const written = (char) => `\\u{${char.codePointAt(0).toString(16)}}`;
  return typeof child === "string" ? child.replace(OBEYED, written) : child;
}

/** A section of the view, with a heading of its own. */
export function part(id, title, ...children) {
  return h("section", { class: "part", id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);
}

/** A name that others chose, kept from turning the text around it. */
export const name = (text) => h("bdi", {}, text);

/** Something that opens; `key` is what it is known by when its part is drawn anew. */
export function fold(key, summary, ...children) {
  return h("details", { data: { key } }, h("summary", {}, summary), ...children);
}

/** Put `made` in the place of what `slot` holds; what was open, closed or focused stays so. */
export function redraw(slot, made) {
  const states = new Map([...slot.querySelectorAll("details")].map((details) => [details.dataset.key, details.open]));
  const focused = slot.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
  slot.replaceChildren(...(made ? [made] : []));
  for (const details of slot.querySelectorAll("details")) {
    if (states.has(details.dataset.key)) details.open = states.get(details.dataset.key);
    if (focused && details.dataset.key === focused.dataset.key) details.querySelector("summary").focus();
  }
}
