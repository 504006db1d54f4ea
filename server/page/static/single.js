// A file that holds one run: reads it, shows it.

import { readRun } from "./run.js";
import { makeView } from "./view.js";

const run = readRun(JSON.parse(document.getElementById("run").textContent));
document.title = `${run.question.slice(0, 80)} · SMACS`;
makeView(document.getElementById("view")).show(run);
