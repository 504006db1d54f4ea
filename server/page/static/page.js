// The page: ask, watch, stop; the past runs beside it.

import { h } from "./dom.js";
import { drawSettings, readSettings } from "./form.js";
import { makeHistory } from "./history.js";
import { afterEvent, newRun, readTrace } from "./run.js";
import { Refused, ask, get } from "./stream.js";
import { systemOf } from "./systems.js";
import { makeView } from "./view.js";

const find = (id) => document.getElementById(id);
const [form, question, model, task, key, fields] = ["ask", "question", "model", "task", "key", "fields"].map(find);
const view = makeView(find("view"));
const history = makeHistory({ list: find("runs"), file: find("import"), clear: find("clear"), say }, openRun, () => shown?.id);
let known = { models: [], tasks: [] };
let shown = null; // the run in the view
let live = null; // the run under way, with what stops it
let ticking = 0;

function say(text) {
  find("status").textContent = text;
}

async function load() {
  try {
    known = await get("v1/settings", key.value);
  } catch (error) {
    askForKey(error);
    return;
  }
  options(model, known.models.map(({ id }) => id), (id) => systemOf(id).title);
  options(task, known.tasks, (id) => id);
  showSettings();
  say("");
}

function askForKey(error) {
  if (error instanceof Refused && error.status === 401) find("key-field").hidden = false;
  say(error instanceof Refused ? error.message : "The server does not answer. Past runs can still be opened.");
}

function options(select, ids, title) {
  const before = select.value;
  select.replaceChildren(...ids.map((id) => h("option", { value: id }, title(id))));
  if (ids.includes(before)) select.value = before;
  else if (ids.includes("open")) select.value = "open";
}

function chosen() {
  return known.models.find(({ id }) => id === model.value) ?? {};
}

function showSettings() {
  drawSettings(fields, chosen().settings ?? {});
  find("says").textContent = systemOf(model.value).says;
}

/** The settings that hold unless others are entered: those that are fixed, and the defaults of the others. */
function defaults() {
  const { settings, fixed } = chosen();
  const properties = Object.entries(settings?.properties ?? {});
  return Object.assign({}, fixed, Object.fromEntries(properties.filter(([, { default: value }]) => value !== undefined && value !== null).map(([name, property]) => [name, property.default])));
}

function openRun(run) {
  show(run.id === live?.run.id ? live.run : run);
  find("view").focus();
}

function show(run) {
  shown = run;
  view.show(run);
}

async function submit(event) {
  event.preventDefault();
  if (live || !question.value.trim()) return;
  const given = readSettings(fields);
  const run = newRun({ question: question.value.trim(), model: model.value, task: task.value, settings: { ...defaults(), ...given } });
  const extra = { settings: given, task: task.value, dataset: find("dataset").value.trim(), trace: true, events: true };
  const body = { model: run.model, messages: [{ role: "user", content: run.question }], stream: true, smacs: extra };
  show(run);
  live = { run, control: new AbortController() };
  working(true);
  const begun = await watch(live, body);
  live = null;
  working(false);
  if (shown === run) view.show(run);
  if (begun) await history.keep(run);
}

/** Ask, and follow the run to its end; returns whether it ever began. */
async function watch({ run, control }, body) {
  const started = performance.now();
  let begun = false;
  const onChunk = (chunk) => {
    if (!begun) history.keep(run);
    begun = true;
    take(run, chunk);
  };
  try {
    await ask(body, { key: key.value, signal: control.signal, onChunk });
    run.status = "done";
    say("Done.");
  } catch (error) {
    run.status = control.signal.aborted ? "stopped" : "failed";
    run.error = control.signal.aborted ? null : error.message;
    if (run.error) askForKey(error);
    else say("Stopped.");
  }
  run.seconds = (performance.now() - started) / 1000;
  return begun;
}

function take(run, chunk) {
  const { event, trace, degraded } = chunk.smacs ?? {};
  if (event) run.trace = afterEvent(run.trace, event);
  if (degraded) run.trace = readTrace({ ...run.trace, degraded });
  if (trace) run.trace = readTrace(trace);
  if (run.trace.settings.k) run.settings = run.trace.settings; // those that held, not those that were asked for
  const said = chunk.choices?.[0]?.delta?.reasoning_content;
  if (said) say(said.trim());
  if (shown === run && chunk.smacs) view.show(run);
}

function working(is) {
  const [send, halt] = [find("send"), find("stop")];
  const focused = [send, halt].includes(document.activeElement);
  [send.hidden, halt.hidden] = [is, !is];
  clock(is);
  if (focused) (is ? halt : send).focus();
}

/** Seconds beside the button, for the eye alone. */
function clock(goes) {
  clearInterval(ticking);
  const started = performance.now();
  const draw = () => (find("clock").textContent = goes ? `${Math.floor((performance.now() - started) / 1000)} s` : "");
  draw();
  if (goes) ticking = setInterval(draw, 1000);
}

function typed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
}

form.addEventListener("submit", submit);
form.addEventListener("invalid", () => (find("settings").open = true), true); // or the browser could not point at it
question.addEventListener("keydown", typed);
model.addEventListener("change", showSettings);
key.addEventListener("change", load);
find("stop").addEventListener("click", () => live?.control.abort());
await load();
