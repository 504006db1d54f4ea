// Asking the server: one request, its answer as a stream of server-sent events.

/** The server said no, and why. `status` is that of HTTP, 0 where the stream itself brought the error. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const authorised = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

/** GET JSON. Throws Refused. */
export async function get(path, key) {
  const response = await fetch(path, { headers: authorised(key), cache: "no-store" });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** Ask, and hand on each chunk of the reply as it comes. Throws Refused; an AbortError when `signal` ends it. */
export async function ask(body, { key, signal, onChunk }) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream", ...authorised(key) };
  const response = await fetch("v1/chat/completions", { method: "POST", headers, body: JSON.stringify(body), signal, cache: "no-store" });
  if (!response.ok) throw await refusal(response);
  for await (const data of messages(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Refused(0, String(chunk.error.message));
    onChunk(chunk);
  }
  throw new Refused(0, "The connection ended before the answer was complete.");
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const again = response.headers.get("Retry-After");
  const said = String(body?.error?.message ?? `The server answered ${response.status}.`);
  return new Refused(response.status, again ? `${said} Try again in ${again} s.` : said);
}

/** The data of each server-sent event. */
async function* messages(stream) {
  let rest = "";
  for await (const text of texts(stream)) {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}

async function* texts(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel().catch(() => undefined); // already ended
  }
}
