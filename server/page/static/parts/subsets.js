// The subsets: which references each candidate is made without.

import { h, name, part } from "../dom.js";
import { listed, plural } from "../numbers.js";
import { referenceName, systemOf } from "../systems.js";

export function drawSubsets(run) {
  const { subsets, references } = run.trace;
  if (!subsets.length || !systemOf(run.model).steps.includes("subsets")) return null;
  const here = references.filter((record) => record.error === null);
  const names = here.toSorted((left, right) => right.prior - left.prior).map(referenceName);
  const groups = grouped(subsets);
  return part(
    "subsets",
    "Prior drop",
    h("p", { class: "lead" }, `${plural(subsets.length, "subset")} drawn, ${groups.length} different; weak priors are left out more often.`),
    h("ul", { class: "subsets" }, groups.map((group) => row(group, names))),
  );
}

function grouped(subsets) {
  const groups = new Map();
  subsets.forEach((subset, index) => {
    const key = JSON.stringify(subset);
    groups.set(key, { subset, numbers: [...(groups.get(key)?.numbers ?? []), index + 1] });
  });
  return [...groups.values()];
}

function row({ subset, numbers }, names) {
  const kept = new Set(subset);
  const dropped = names.filter((each) => !kept.has(each));
  const dots = names.map((each) => h("span", { class: kept.has(each) ? "kept" : "dropped", title: each }));
  const left = dropped.length ? ["without ", ...dropped.flatMap((each, i) => [i ? ", " : "", name(each)])] : ["with all references"];
  return h(
    "li",
    {},
    h("span", { class: "which" }, `${numbers.length > 1 ? "Subsets" : "Subset"} ${listed(numbers.map(String))}`),
    h("span", { class: "dots", "aria-hidden": "true" }, dots),
    h("span", { class: "left" }, left),
  );
}
