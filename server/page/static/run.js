// A run: what was asked, how it went, and the trace, which grows with each event. What is read from a file or the network
// is brought into this shape first, so that the view can rely on it.

import { modelOf, systemName } from "./systems.js";

const STATES = ["running", "done", "stopped", "failed"];

const text = (value) => (typeof value === "string" ? value : "");
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const list = (value) => (Array.isArray(value) ? value : []);
const record = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});
const texts = (value) => list(value).map(text);
const numbers = (value) => Object.fromEntries(Object.entries(record(value)).map(([key, item]) => [key, number(item) ?? 0]));

const newId = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // plain HTTP has no crypto but for localhost

/** A run at its beginning. */
export function newRun({ question, model, task, settings }) {
  const begun = { id: newId(), at: new Date().toISOString(), status: "running", seconds: null, error: null };
  return { ...begun, question, model, task, settings, trace: readTrace({}) };
}

/** A run as it is kept here, or from a file: exported by this page, or the trace of `smacs ask --json`. Throws an Error. */
export function readRun(value) {
  const given = record(value);
  const trace = "trace" in given ? record(given.trace) : given;
  if (!("answer" in trace && "references" in trace)) throw new Error("Expected the trace of a run, as `smacs ask --json` prints it.");
  const read = readTrace(trace);
  const known = STATES.includes(given.status);
  return {
    id: text(given.id) || newId(),
    at: text(given.at),
    status: known ? (given.status === "running" ? "stopped" : given.status) : "done",
    question: text(given.question) || text(read.asked.question),
    model: text(given.model) || modelOf(text(given.system), read.priors) || "smacs",
    task: text(given.task) || text(read.asked.task),
    settings: Object.keys(read.settings).length ? read.settings : record(given.settings),
    seconds: number(given.seconds),
    error: text(given.error) || null,
    trace: read,
  };
}

/** A run as a file: its trace, which `smacs replay` takes as well, and what this page knows besides. */
export function exported({ trace, ...run }) {
  return { ...run, system: systemName(run.model), ...trace, settings: run.settings };
}

/** The trace with every field there, and of its kind. */
export function readTrace(trace) {
  const selected = record(trace.selected);
  return {
    asked: record(trace.asked),
    settings: record(trace.settings),
    answer: text(trace.answer),
    support: Object.keys(record(trace.support)).length ? readSupport(trace.support) : null,
    priors: numbers(trace.priors),
    references: list(trace.references).map(readReference),
    subsets: list(trace.subsets).map(texts),
    candidates: list(trace.candidates).map(readCandidate),
    selected: "llm" in selected ? { candidate: number(selected.candidate), llm: text(selected.llm), finish: text(selected.finish) } : null,
    notes: list(trace.notes).map(readRemark),
    degraded: list(trace.degraded).map(readRemark),
    usage: Object.keys(record(trace.usage)).length ? numbers(trace.usage) : null,
  };
}

/** A remark; in the traces of older versions it is its text alone, and stays so. */
function readRemark(value) {
  const given = record(value);
  return typeof value === "string" ? value : { ...given, kind: text(given.kind), llm: text(given.llm) || null, text: text(given.text) };
}

/** What a remark says to people. */
export const textOf = (remark) => (typeof remark === "string" ? remark : remark.text);

function readSupport(support) {
  const nearest = list(support.nearest).map((near) => ({ text: text(near?.text), similarity: number(near?.similarity) }));
  return { count: number(support.count), threshold: number(support.threshold), datasets: numbers(support.datasets), nearest };
}

function readReference(value) {
  const given = record(value);
  const words = { llm: text(given.llm), text: text(given.text), reasoning: text(given.reasoning), finish: text(given.finish) };
  const figures = { sample: number(given.sample) ?? 0, rank: number(given.rank), prior: number(given.prior), tokens: number(given.tokens), seconds: number(given.seconds) };
  return { ...words, ...figures, error: typeof given.error === "string" ? given.error : null };
}

function readCandidate(value, position) {
  const given = record(value);
  const words = { text: text(given.text), reasoning: text(given.reasoning), finish: text(given.finish), aggregator: text(given.aggregator) };
  const figures = { logprob: number(given.logprob), perplexity: number(given.perplexity), similarity: number(given.similarity), score: number(given.score) };
  return { index: number(given.index) ?? position, subset: texts(given.subset), ...words, ...figures };
}

/** The trace after one more event of the graph. */
export function afterEvent(trace, event) {
  const rest = readTrace(event);
  switch (event.event) {
    case "retrieved":
      return { ...trace, support: rest.support };
    case "priors":
      return { ...trace, priors: rest.priors };
    case "referencer":
      return { ...trace, references: [...trace.references, readReference(event)] };
    case "subsets":
      return { ...trace, subsets: rest.subsets };
    case "candidate":
      return { ...trace, candidates: withCandidate(trace, readCandidate(event, trace.candidates.length)) };
    case "selected":
      return { ...trace, answer: rest.answer, selected: readTrace({ selected: event }).selected };
    default:
      return trace;
  }
}

function withCandidate(trace, candidate) {
  const whole = { ...candidate, subset: trace.subsets[candidate.index] ?? [] };
  const others = trace.candidates.filter((other) => other.index !== whole.index);
  return [...others, whole].sort((left, right) => left.index - right.index);
}
