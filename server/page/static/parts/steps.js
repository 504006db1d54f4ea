// The question, and how far the run is on its way through the steps of its system.

import { h } from "../dom.js";
import { count, seconds } from "../numbers.js";
import { pending, systemOf } from "../systems.js";

const TITLES = { support: "Retrieve", priors: "Rank", references: "Ask", subsets: "Drop", candidates: "Aggregate", answer: "Answer" };

export function drawSteps(run) {
  const { steps, title } = systemOf(run.model);
  const done = steps.map((step) => DONE[step](run.trace));
  const now = run.status === "running" ? done.indexOf(false) : -1;
  const facts = [title, run.task, run.at ? new Date(run.at).toLocaleString() : "", run.seconds === null ? "" : seconds(run.seconds)];
  return h(
    "header",
    { class: "asked" },
    h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    h("p", { class: "question", dir: "auto" }, run.question || "(the question is not part of this trace)"),
    h("ol", { class: "steps", "aria-label": "Steps" }, steps.map((step, i) => item(step, done[i], i === now, run))),
  );
}

const DONE = {
  support: (trace) => trace.support !== null,
  priors: (trace) => Object.keys(trace.priors).length > 0,
  references: (trace) => trace.subsets.length > 0 || trace.selected !== null,
  subsets: (trace) => trace.subsets.length > 0,
  candidates: (trace) => trace.candidates.length > 0 && trace.selected !== null,
  answer: (trace) => trace.selected !== null,
};

function item(step, done, now, run) {
  const state = done ? "done" : now ? "now" : "todo";
  const said = { done: "done", now: "under way", todo: "not done" }[state];
  const label = [h("span", {}, TITLES[step]), h("span", { class: "hidden" }, ` (${said})`), h("small", {}, fact(step, run))];
  return h("li", { class: state, "aria-current": now ? "step" : null }, label);
}

function fact(step, run) {
  const { support, priors, references, subsets, candidates, selected } = run.trace;
  const here = references.filter((record) => record.error === null).length;
  const waiting = pending(run).length;
  switch (step) {
    case "support":
      return support ? `${count(support.count)} similar` : "";
    case "priors":
      return Object.keys(priors).length ? `${Object.keys(priors).length} LLMs` : "";
    case "references":
      return references.length || waiting ? (waiting ? `${here} of ${here + waiting}` : `${here} replies`) : "";
    case "subsets":
      return subsets.length ? `${subsets.length} subsets` : "";
    case "candidates":
      return candidates.length ? `${candidates.length} of ${Math.max(subsets.length, candidates.length)}` : "";
    default:
      return selected ? (selected.candidate === null ? "a reply" : `candidate ${selected.candidate + 1}`) : "";
  }
}
