// Numbers as people read them. A missing value is a dash.

const DASH = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** With so many digits after the point, and a real minus sign. */
export function fixed(value, digits = 3) {
  return Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "") : DASH;
}

/** The same with its sign always there. */
export function signed(value, digits = 3) {
  const text = fixed(value, digits);
  return value >= 0 ? `+${text}` : text;
}

export const count = (value) => (Number.isFinite(value) ? whole.format(value) : DASH);

export const percent = (share) => (Number.isFinite(share) ? `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %` : DASH);

export const seconds = (value) => (Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)} s` : DASH);

/** "1 call", "2 calls". */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** "a", "a and b", "a, b and c". */
export function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
