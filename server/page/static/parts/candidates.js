// The candidates with the terms of their scores.

import { fold, h, name, part } from "../dom.js";
import { fixed, listed, plural, signed } from "../numbers.js";
import { plain, prose } from "../text.js";
import { term } from "../why.js";

export function drawCandidates(run) {
  const { candidates, subsets, selected } = run.trace;
  if (!candidates.length) return null;
  const scored = candidates.some((candidate) => candidate.score !== null);
  const scores = candidates.map((candidate) => candidate.score).filter((score) => score !== null);
  const span = [Math.min(0, ...scores), Math.max(0, ...scores)];
  const aggregators = listed([...new Set(candidates.map((candidate) => candidate.aggregator).filter(Boolean))]);
  const here = candidates.length < subsets.length ? `${candidates.length} of ${plural(subsets.length, "candidate")}` : plural(candidates.length, "candidate");
  const win = (position) => selected?.candidate === position;
  return part(
    "candidates",
    "Candidates",
    h("p", { class: "lead" }, `${here}${aggregators ? `, written by ${aggregators}` : ""}.`, scored ? " Score = similarity to the others + the term of the perplexity." : ""),
    h("div", { class: "cards" }, candidates.map((candidate, position) => card(candidate, win(position), span))),
  );
}

function card(candidate, won, span) {
  const key = `candidate ${candidate.index}`;
  const details = fold(
    key,
    [
      h("span", { class: "who" }, `Candidate ${candidate.index + 1}`, won ? h("strong", { class: "won" }, "the answer") : null),
      candidate.score === null ? h("span", { class: "facts" }, candidate.perplexity === null ? "" : figure("PPL", fixed(candidate.perplexity))) : figures(candidate, span),
      h("span", { class: "preview", dir: "auto" }, candidate.text.slice(0, 160)),
    ],
    prose(candidate.text),
    candidate.subset.length ? h("p", { class: "from" }, `Made from ${plural(candidate.subset.length, "reference")}: `, candidate.subset.flatMap((each, i) => [i ? ", " : "", name(each)])) : null,
    candidate.reasoning ? fold(`${key} thinking`, "Thinking", plain(candidate.reasoning)) : null,
  );
  details.className = won ? "card winner" : "card";
  return details;
}

function figures(candidate, span) {
  const added = term(candidate);
  return h(
    "span",
    { class: "figures" },
    figure("similarity", fixed(candidate.similarity)),
    figure("PPL", fixed(candidate.perplexity)),
    figure("term", added === null ? "–" : signed(added)),
    figure("score", fixed(candidate.score)),
    h("span", { class: "scale", "aria-hidden": "true" }, h("span", { class: "fill", style: place(candidate.score, span) })),
  );
}

const figure = (label, value) => h("span", { class: "figure" }, h("small", {}, `${label} `), value);

function place(score, [least, most]) {
  const width = most - least || 1;
  const [from, to] = [Math.min(0, score), Math.max(0, score)];
  return { left: `${((from - least) / width) * 100}%`, width: `${((to - from) / width) * 100}%` };
}
