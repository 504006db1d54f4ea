// The ranking of the LLMs before any of them is asked.

import { bars } from "../bars.js";
import { h, part } from "../dom.js";
import { fixed } from "../numbers.js";
import { pending, systemOf } from "../systems.js";

export function drawPriors(run) {
  const { priors, references } = run.trace;
  const llms = Object.entries(priors);
  if (!llms.length) return null;
  const { ranking } = systemOf(run.model);
  const asked = new Set([...references.map((record) => record.llm), ...pending(run)]);
  const failed = new Set(references.filter((record) => record.error !== null).map((record) => record.llm));
  const rows = llms.map(([label, value]) => ({
    label,
    value,
    text: fixed(value, ranking.digits),
    kind: failed.has(label) ? "failed" : asked.has(label) ? "" : "idle",
    note: failed.has(label) ? "failed" : "",
    aside: asked.has(label) ? "" : " (not asked)",
  }));
  const legend = asked.size && asked.size < llms.length ? " Grey ones are not asked." : "";
  return part("priors", ranking.title, h("p", { class: "lead" }, `${ranking.means}.${legend}`), bars(rows));
}
