// The answer, why it is this one, and why it is less than it could be.

import { fold, h, part } from "../dom.js";
import { count, plural, seconds } from "../numbers.js";
import { textOf } from "../run.js";
import { prose } from "../text.js";
import { why } from "../why.js";

export function drawAnswer(run) {
  const { answer, notes } = run.trace;
  if (!answer) return null;
  const reasons = [...why(run), ...notes.map(textOf)];
  return part(
    "answer",
    "Answer",
    prose(answer),
    h("div", { class: "row" }, copyButton(answer)),
    reasons.length ? h("div", { class: "why" }, h("h3", {}, "Why this one"), reasons.map((reason) => h("p", { dir: "auto" }, reason))) : null,
  );
}

function copyButton(text) {
  const said = h("span", { role: "status" });
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(() => (said.textContent = "Copied"), () => (said.textContent = "This browser does not allow copying"));
  };
  return navigator.clipboard ? [h("button", { type: "button", class: "quiet", onclick: copy }, "Copy the answer"), said] : [];
}

export function drawTrouble(run) {
  const { degraded, answer } = run.trace;
  const failed = run.error ? notice("bad", "There is no answer", [run.error]) : null;
  const stopped = run.status === "stopped" && !run.error ? notice("warn", "Stopped before the end", ["What had come by then is shown."]) : null;
  const less = degraded.length ? notice("warn", answer ? "Degraded: this answer is less than it could be" : "Degraded", degraded.map(textOf)) : null;
  const shown = [failed, stopped, less].filter(Boolean);
  return shown.length ? h("div", { class: "trouble" }, shown) : null;
}

const notice = (kind, title, reasons) =>
  h("section", { class: `notice ${kind}`, "aria-label": title }, h("h2", {}, title), h("ul", {}, reasons.map((reason) => h("li", { dir: "auto" }, reason))));

export function drawCost(run) {
  const { usage } = run.trace;
  if (!usage && run.seconds === null) return null;
  const settings = Object.entries(run.settings).filter(([, value]) => value !== null);
  const said = [
    usage ? `${plural(usage.calls ?? 0, "call")}, ${count(usage.failed ?? 0)} failed` : "",
    usage ? `${count(usage.prompt_tokens ?? 0)} prompt and ${count(usage.completion_tokens ?? 0)} completion tokens` : "",
    run.seconds === null ? "" : `${seconds(run.seconds)} in all`,
  ];
  const rows = settings.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, String(value))));
  return part("cost", "Cost", h("p", { class: "lead" }, `${said.filter(Boolean).join(" · ")}.`), rows.length ? fold("settings", "Settings", h("dl", {}, rows)) : null);
}
