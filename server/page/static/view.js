// The view of one run. The page draws it again with each event; a file draws it once.

import { h, redraw } from "./dom.js";
import { drawAnswer, drawCost, drawTrouble } from "./parts/answer.js";
import { drawCandidates } from "./parts/candidates.js";
import { drawPriors } from "./parts/priors.js";
import { drawReferences } from "./parts/references.js";
import { drawSteps } from "./parts/steps.js";
import { drawSubsets } from "./parts/subsets.js";
import { drawSupport } from "./parts/support.js";
import { pending } from "./systems.js";

// In the order they stand in: what draws a part, and what of a run it depends on.
const PARTS = [
  ["steps", drawSteps, (run) => [run, 0]],
  ["trouble", drawTrouble, ({ trace, error, status }) => [trace.degraded, trace.answer, error, status]],
  ["answer", drawAnswer, ({ trace }) => [trace.answer, trace.selected, trace.candidates, trace.notes]],
  ["support", drawSupport, ({ trace }) => trace.support],
  ["priors", drawPriors, (run) => [run.model, run.trace.priors, run.trace.references, pending(run)]],
  ["references", drawReferences, (run) => [run.trace.references, pending(run)]],
  ["subsets", drawSubsets, ({ model, trace }) => [model, trace.subsets, trace.references]],
  ["candidates", drawCandidates, ({ trace }) => [trace.candidates, trace.subsets, trace.selected]],
  ["cost", drawCost, ({ trace, seconds, settings }) => [trace.usage, seconds, settings]],
];

/** A view inside `host`; its `show` takes a run and draws the parts of it that changed. */
export function makeView(host) {
  const slots = PARTS.map(([kind, draw, reads]) => ({ draw, reads, drawn: "", slot: h("div", { class: "slot", data: { slot: kind } }) }));
  host.replaceChildren(...slots.map(({ slot }) => slot));
  const show = (run) => {
    for (const part of slots) {
      const now = JSON.stringify(part.reads(run)) ?? "";
      if (now !== part.drawn) redraw(part.slot, part.draw(run));
      part.drawn = now;
    }
  };
  return { show };
}
