// What the view has to know about each system. The server writes `entries.js` from the systems themselves.

import { ALONE, SINGLE_LLM, SYSTEMS } from "./entries.js";

const isSystem = (model) => Object.hasOwn(SYSTEMS, model);

/** The system that answers under the name of a model; every name that is no system's is that of an LLM. */
export const systemName = (model) => (isSystem(model) ? model : SINGLE_LLM);

/** The model that a trace is of, by its system and its ranking. */
export const modelOf = (system, priors) => (system === SINGLE_LLM ? Object.keys(priors)[0] : system);

/** What is known of a model by its name: title, what it does, its steps, and what its ranking means. */
export function systemOf(model) {
  return isSystem(model) ? SYSTEMS[model] : { ...ALONE, title: model, says: `${model} answers alone.` };
}

/** The LLMs that are being asked right now: the best that have no reference yet, as many as still have to come. */
export function pending(run) {
  const { priors, references, subsets, selected } = run.trace;
  if (run.status !== "running" || subsets.length || selected || systemOf(run.model).ranking.drawn) return [];
  const llms = Object.keys(priors);
  const answered = new Set(references.filter((record) => record.error === null).map((record) => record.llm));
  const called = new Set(references.map((record) => record.llm));
  const missing = (run.settings.k ?? 0) - answered.size;
  return llms.filter((llm) => !called.has(llm)).slice(0, Math.max(missing, 0));
}

/** What subsets call a reference: its LLM, with a number for each further sample. */
export const referenceName = (record) => (record.sample ? `${record.llm} #${record.sample + 1}` : record.llm);
