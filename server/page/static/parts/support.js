// The support: which bank questions the ranking rests on.

import { bars } from "../bars.js";
import { fold, h, part } from "../dom.js";
import { count, fixed, percent } from "../numbers.js";

const SHOWN = 8; // data sets before the rest is folded away

export function drawSupport({ trace: { support, degraded } }) {
  if (!support) return null;
  const rows = Object.entries(support.datasets).map(([label, share]) => ({
    label: label || "without a data set",
    value: share,
    text: percent(share),
    note: count(Math.round(share * support.count)),
  }));
  const most = Math.max(...rows.map((row) => row.value));
  return part(
    "support",
    "Support",
    h("p", { class: "lead" }, sentence(support, degraded)),
    bars(rows.slice(0, SHOWN), most),
    rows.length > SHOWN ? fold("datasets", `${rows.length - SHOWN} more data sets`, bars(rows.slice(SHOWN), most)) : null,
    support.nearest.length ? fold("nearest", "Nearest questions", nearest(support.nearest)) : null,
  );
}

function sentence({ count: number, threshold }, degraded) {
  if (!threshold) return `All ${count(number)} questions of the bank count, ${weights(degraded)}.`;
  return `${count(number)} questions of the bank have a similarity of at least ${fixed(threshold, 2)}.`;
}

/** Without any similarity all weigh the same; in a small bank, all may be similar enough. */
const weights = (degraded) => (degraded.some(({ kind }) => kind === "no_support") ? "with equal weights" : "the more, the more similar");

function nearest(questions) {
  const row = ({ text, similarity }) => h("li", {}, h("span", { class: "number" }, fixed(similarity, 2)), h("span", { class: "clip", dir: "auto" }, text));
  return h("ol", { class: "nearest" }, questions.map(row));
}
