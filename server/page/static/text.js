// What an LLM wrote, as elements. It is not to be trusted: no markup of it is parsed, only the few marks of Markdown that
// can be told apart line by line, and each becomes an element whose text is set as text. There are no links and no images.

import { h } from "./dom.js";

const LONGEST = 100_000; // characters; longer texts are shown as they are
const FENCE = /^\s{0,3}(```|~~~)/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*)$/;
const ITEM = /^(\s{0,12})(?:[-*+•]|(\d{1,9})[.)])\s+(.*)$/;
const TABLE = /^\s*\|.*\|\s*$/;
const MARKS = /(`[^`\n]+`|(?<![\w*])\*\*(?=\S)[^*\n]+\*\*(?![\w*]))/;

/** A text in paragraphs, lists and code; its direction is its own. */
export function prose(text) {
  const box = h("div", { class: "prose" });
  if (text.length > LONGEST) box.append(plain(text));
  else blocks(text.split(/\r\n|\r|\n/), box);
  return box;
}

/** A text as it is. */
export const plain = (text) => h("pre", { class: "text", dir: "auto" }, text);

function blocks(lines, box) {
  let open = null; // the block that the next line may go on with: { kind, element }
  for (let i = 0; i < lines.length; i += 1) {
    const fence = FENCE.exec(lines[i]);
    if (fence) {
      const end = closing(lines, i + 1, fence[1]);
      box.append(h("pre", { class: "code", tabindex: "0" }, lines.slice(i + 1, end).join("\n")));
      [i, open] = [end, null];
    } else open = withLine(lines[i], open, box);
  }
}

function closing(lines, from, mark) {
  let end = from;
  while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
  return end;
}

/** Take one more line; returns the block that the next one may go on with. */
function withLine(text, open, box) {
  if (!text.trim()) return open?.kind === "list" ? { ...open, gap: true } : null;
  const heading = HEADING.exec(text);
  if (heading) {
    box.append(h("p", { class: "heading", dir: "auto" }, inline(heading[1])));
    return null;
  }
  const item = ITEM.exec(text);
  if (item) return withItem(item, open, box);
  const kind = TABLE.test(text) ? "table" : "paragraph";
  const inItem = kind === "paragraph" && open?.kind === "list" && (!open.gap || /^\s{2,}/.test(text));
  const pieces = kind === "table" ? [text] : inline(inItem ? text.trim() : text.trimEnd());
  if (inItem || open?.kind === kind) {
    (inItem ? open.element.lastChild : open.element).append("\n", ...pieces);
    return { ...open, gap: false };
  }
  const element = kind === "table" ? h("pre", { class: "code", tabindex: "0" }) : h("p", { dir: "auto" });
  element.append(...pieces);
  box.append(element);
  return { kind, element };
}

function withItem([, indent, number, text], open, box) {
  const tag = number ? "ol" : "ul";
  const going = open?.kind === "list" && open.element.localName === tag;
  const list = going ? open.element : h(tag);
  if (!going) box.append(list);
  list.append(h("li", { dir: "auto", value: number, class: indent.length > 1 ? "deep" : null }, inline(text)));
  return { kind: "list", element: list, gap: false };
}

function inline(text) {
  return text.split(MARKS).map((piece, position) => {
    if (position % 2 === 0) return piece;
    return piece.startsWith("`") ? h("code", {}, piece.slice(1, -1)) : h("strong", {}, piece.slice(2, -2));
  });
}
