// What the view has to know about each system: which steps it takes, and what its ranking of the LLMs means.

const SHARE = { title: "Accuracy", digits: 3, means: "The share of the bank's questions that each LLM got right" };
const PRIOR = {
  title: "Prior",
  digits: 2,
  means: "What each LLM got right among the support questions, weighted by how similar they are",
};
const CHANCE = { title: "Chance of a draw", digits: 3, means: "How likely each LLM is drawn as an expert for the question's skills" };

const ALONE = ["support", "priors", "references", "answer"];
const TOGETHER = ["support", "priors", "references", "candidates", "answer"];

const one = () => 1;
const all = (settings, llms) => llms;

const SYSTEMS = {
  smacs: {
    title: "SMACS",
    says: "The LLMs that did best on similar questions answer; an aggregator writes candidates from different subsets of their replies; the best candidate wins.",
    steps: ["support", "priors", "references", "subsets", "candidates", "answer"],
    ranking: PRIOR,
    asked: (settings) => settings.k ?? 0,
  },
  simple_router: { title: "Simple Router", says: "The LLM that is best on the data set answers.", steps: ALONE, ranking: SHARE, asked: one },
  majority_voting: { title: "Majority Voting", says: "All LLMs answer, the most frequent answer wins.", steps: ALONE, ranking: PRIOR, asked: all },
  self_consistency: { title: "Self Consistency", says: "The best LLM answers several times, its most frequent answer wins.", steps: ALONE, ranking: SHARE, asked: one },
  self_moa: { title: "Self-MoA", says: "The best LLM answers several times, an aggregator makes one answer of it.", steps: TOGETHER, ranking: SHARE, asked: one },
  moa: { title: "MoA", says: "All LLMs answer, an aggregator makes one answer of it.", steps: TOGETHER, ranking: PRIOR, asked: all },
  symbolic_moe: { title: "Symbolic-MoE", says: "Experts for the question's skills answer, an aggregator makes one answer of it.", steps: TOGETHER, ranking: CHANCE, asked: () => 0 },
};

export const isSystem = (model) => Object.hasOwn(SYSTEMS, model);

/** What is known of a model by its name; every other name is that of an LLM that answers alone. */
export function systemOf(model) {
  const alone = { title: model, says: `${model} answers alone.`, steps: ALONE, ranking: SHARE, asked: one };
  return isSystem(model) ? SYSTEMS[model] : alone;
}

/** The LLMs that are being asked right now: the best that have no reference yet, as many as still have to come. */
export function pending(run) {
  const { priors, references, subsets, selected } = run.trace;
  if (run.status !== "running" || subsets.length || selected) return [];
  const llms = Object.keys(priors);
  const answered = new Set(references.filter((record) => record.error === null).map((record) => record.llm));
  const called = new Set(references.map((record) => record.llm));
  const missing = systemOf(run.model).asked(run.settings, llms.length) - answered.size;
  return llms.filter((llm) => !called.has(llm)).slice(0, Math.max(missing, 0));
}

/** What subsets call a reference: its LLM, with a number for each further sample. */
export const referenceName = (record) => (record.sample ? `${record.llm} #${record.sample + 1}` : record.llm);
