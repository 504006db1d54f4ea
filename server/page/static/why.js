// Why this answer: plain sentences, computed from the terms of the score.

import { fixed, plural, signed } from "./numbers.js";

/** Sentences that say what won and by how much; none before there is an answer. */
export function why(run) {
  const { selected } = run.trace;
  if (!selected) return [];
  const cut = selected.finish === "length" ? ["It was cut at max_tokens: the end is missing."] : [];
  return [...chosen(run.trace), ...cut];
}

function chosen({ selected, candidates, references, subsets }) {
  if (selected.candidate === null) return [ofReference(selected.llm, references, subsets)];
  const winner = candidates[selected.candidate];
  if (!winner) return [`Candidate ${selected.candidate + 1}, written by ${selected.llm}, is the answer.`];
  if (candidates.length === 1) return [`${selected.llm} wrote the only candidate, from ${plural(winner.subset.length, "reference")}.`];
  if (winner.score === null) return [`Candidate ${selected.candidate + 1} of ${candidates.length} was chosen; its scores come with the end of the run.`];
  const others = candidates.filter((candidate) => candidate !== winner);
  return [sum(winner, candidates.length), lead(winner, others.sort(better)[0])];
}

/** What the perplexity added to the score; null where it did not count. */
export function term(candidate) {
  if (candidate.score === null || candidate.similarity === null || candidate.perplexity === null) return null;
  return candidate.score - candidate.similarity;
}

function ofReference(llm, references, subsets) {
  if (subsets.length) return `No candidate could be made, so the reference with the highest prior, that of ${llm}, is the answer.`;
  const sole = references.filter((record) => record.error === null).length === 1;
  return sole ? `The answer is the reply of ${llm}.` : `The answer is a reply of ${llm}, chosen among those that came.`;
}

function better(left, right) {
  return right.score - left.score || (left.perplexity ?? Infinity) - (right.perplexity ?? Infinity) || left.index - right.index;
}

function sum(winner, total) {
  const begin = `Candidate ${winner.index + 1} of ${total} has the largest score, ${fixed(winner.score)}`;
  const added = term(winner);
  if (!added) return `${begin}, by its similarity to all candidates alone.`;
  const sign = added < 0 ? "less" : "plus";
  return `${begin}: ${fixed(winner.similarity)} similarity to all candidates, ${sign} ${fixed(Math.abs(added))} for its perplexity of ${fixed(winner.perplexity)}.`;
}

function lead(winner, next) {
  const by = winner.score - next.score;
  const whom = `candidate ${next.index + 1}`;
  if (by === 0) return `The score of ${whom} is the same; ties go to the lower perplexity, then to the first.`;
  const terms = [
    ["more like the others", "less like the others", (winner.similarity ?? 0) - (next.similarity ?? 0)],
    ["surer of its words", "less sure of its words", (term(winner) ?? 0) - (term(next) ?? 0)],
  ].filter(([, , difference]) => Math.abs(difference) >= 0.0005);
  const said = terms.map(([more, less, difference]) => [`${difference > 0 ? more : less} (${signed(difference)})`, difference > 0]);
  const [gains, losses] = [true, false].map((gain) => said.filter(([, is]) => is === gain).map(([words]) => words).join(" and "));
  const reason = gains ? `: it is ${gains}${losses ? `, although ${losses}` : ""}` : "";
  return `It is ahead of ${whom} by ${by < 0.0005 ? "less than 0.001" : fixed(by)}${reason}.`;
}
