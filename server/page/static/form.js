// The form of a system's settings, built from their JSON schema. What is left empty keeps its default.

import { h } from "./dom.js";

/** The fields of a schema `{ properties }`; values that were entered in `host` before stay. */
export function drawSettings(host, schema) {
  const entered = new Map([...host.querySelectorAll("[name]")].map((field) => [field.name, field.value]));
  const fields = Object.entries(schema.properties ?? {}).map(([key, property]) => setting(key, property, entered.get(key) ?? ""));
  host.replaceChildren(...fields);
}

/** The settings that were entered, as the server wants them. */
export function readSettings(host) {
  const fields = [...host.querySelectorAll("[name]")].filter((field) => field.value !== "");
  return Object.fromEntries(fields.map((field) => [field.name, field.type === "number" ? field.valueAsNumber : field.value]));
}

function setting(key, property, value) {
  const own = kind(property);
  const id = `setting-${key}`;
  const shared = { id, name: key, "aria-describedby": `${id}-hint` };
  const input = own.enum ? choice(own, property, shared) : field(own, property, shared);
  input.value = value;
  return h("div", { class: "field" }, h("label", { for: id }, key), input, h("p", { class: "hint", id: `${id}-hint` }, property.description ?? ""));
}

/** What a property takes besides null. */
const kind = (property) => property.anyOf?.find((option) => option.type !== "null") ?? property;

function choice(own, property, shared) {
  const standard = property.default === null || property.default === undefined ? "default" : `default: ${property.default}`;
  return h("select", shared, h("option", { value: "" }, standard), own.enum.map((each) => h("option", { value: each }, each)));
}

function field(own, property, shared) {
  const placeholder = property.default === null || property.default === undefined ? "default" : String(property.default);
  if (own.type !== "integer" && own.type !== "number") return h("input", { ...shared, type: "text", placeholder });
  const limits = { min: own.minimum ?? own.exclusiveMinimum, max: own.maximum ?? own.exclusiveMaximum };
  return h("input", { ...shared, ...limits, type: "number", placeholder, step: own.type === "integer" ? 1 : "any", inputmode: "decimal" });
}
