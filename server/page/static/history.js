// The list of past runs: open, delete, export, import.

import { h } from "./dom.js";
import { systemOf } from "./systems.js";
import { exported, readRun } from "./run.js";
import { allRuns, dropAllRuns, dropRun, keepRun } from "./runs.js";

/** The list in `elements` { list, file, clear, say }; `open` is called with a run to show, `shown` gives the id of the shown. */
export function makeHistory({ list, file, clear, say }, open, shown) {
  const attempt = (work) => work().catch((error) => say(`Past runs: ${error.message}`));

  async function draw() {
    const runs = await allRuns();
    list.replaceChildren(...runs.map((run) => item(run, run.id === shown())));
    if (!runs.length) list.append(h("li", { class: "hint" }, "None yet."));
    clear.hidden = runs.length < 2;
  }

  function item(run, current) {
    const when = new Date(run.at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
    const title = run.question || "(no question)";
    const button = (label, act) => h("button", { type: "button", class: "quiet", "aria-label": `${label}: ${title.slice(0, 60)}`, onclick: act }, label);
    return h(
      "li",
      {},
      h("button", { type: "button", class: "past", "aria-current": current ? "true" : null, onclick: () => show(run) }, h("span", { class: "clip", dir: "auto" }, title), h("small", {}, facts(run, when))),
      h("span", { class: "row" }, button("Export", () => save(run)), button("Delete", () => attempt(() => remove(run.id)))),
    );
  }

  async function show(run) {
    open(readRun(run));
    await attempt(draw);
  }

  async function remove(id) {
    await dropRun(id);
    await draw();
    list.querySelector("button")?.focus();
  }

  async function take() {
    const run = readRun(JSON.parse(await file.files[0].text()));
    file.value = "";
    await keepRun(run);
    await show(run);
    say("The run was imported.");
  }

  async function empty() {
    if (!confirm("Delete all past runs of this browser?")) return;
    await dropAllRuns();
    await draw();
  }

  file.addEventListener("change", () => attempt(take));
  clear.addEventListener("click", () => attempt(empty));
  attempt(draw);
  const keep = (run) => attempt(() => keepRun(run).then(draw));
  return { keep };
}

function facts(run, when) {
  const states = { done: run.trace.degraded.length ? "degraded" : "", stopped: "stopped", failed: "failed", running: "running" };
  return [systemOf(run.model).title, when, states[run.status]].filter(Boolean).join(" · ");
}

function save(run) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(exported(run), null, 1)], { type: "application/json" }));
  h("a", { href: url, download: `smacs-${run.at.slice(0, 19).replaceAll(":", "")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the download has its own hold on it by then
}
