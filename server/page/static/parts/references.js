// The references: what the LLMs that were asked said, how long it took, and who failed.

import { fold, h, name, part } from "../dom.js";
import { count, plural, seconds } from "../numbers.js";
import { pending, referenceName } from "../systems.js";
import { plain, prose } from "../text.js";

const PREVIEW = 160;

export function drawReferences(run) {
  const { references } = run.trace;
  const waiting = pending(run);
  if (!references.length && !waiting.length) return null;
  const failed = references.filter((record) => record.error !== null).length;
  const here = plural(references.length - failed, "reference");
  const said = [here, failed ? `${failed} failed` : "", waiting.length ? `${waiting.length} on their way` : ""];
  return part(
    "references",
    "References",
    h("p", { class: "lead" }, `${said.filter(Boolean).join(", ")}.`),
    h("div", { class: "cards" }, references.map(card), waiting.map(expected)),
  );
}

function card(record, position) {
  const failed = record.error !== null;
  const details = fold(
    `reference ${referenceName(record)} ${position}`,
    [
      h("span", { class: "who" }, name(referenceName(record))),
      h("span", { class: "facts" }, failed ? h("strong", { class: "bad" }, "failed") : h("span", {}, `${count(record.tokens)} tokens`), h("span", {}, seconds(record.seconds))),
      h("span", { class: "preview", dir: "auto" }, (record.error ?? record.text).slice(0, PREVIEW)),
    ],
    failed ? plain(record.error) : prose(record.text),
    record.reasoning ? fold(`thinking ${referenceName(record)} ${position}`, `Thinking (${count(record.reasoning.length)} characters)`, plain(record.reasoning)) : null,
  );
  details.className = failed ? "card failed" : "card";
  return details;
}

function expected(llm) {
  return h("div", { class: "card waiting" }, h("span", { class: "who" }, name(llm)), h("span", { class: "facts" }, "answering…"));
}
