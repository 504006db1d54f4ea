// Horizontal bars: a name, a bar, a number. The bar itself is for the eye; the number says it all.

import { h, name } from "./dom.js";

/** Bars from rows `{ label, value, text, kind, note, aside }`; `most` is the longest, by default the largest value. */
export function bars(rows, most = Math.max(...rows.map((row) => row.value))) {
  return h("ul", { class: "bars" }, rows.map((row) => bar(row, most)));
}

function bar({ label, value, text, kind, note, aside }, most) {
  const width = most > 0 ? Math.min(Math.max(value / most, 0), 1) : 0;
  return h(
    "li",
    { class: kind },
    h("span", { class: "label", title: label }, name(label), note ? h("small", {}, note) : null, aside ? h("span", { class: "hidden" }, aside) : null),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill", style: { width: `${width * 100}%` } })),
    h("span", { class: "number" }, text),
  );
}
