// The query language: `runtime:wasmer and code:missing-import and not blame:toolchain`. Turns a text into a predicate;
// knows nothing about the page.

// Operators: `:` contains, `=` is, `<` and `>` compare numbers.
const TOKEN = /\s*(?:([()])|"([^"]*)"|([a-z][a-z-]*)(:|=|<|>)(?:"([^"]*)"|([^\s()"]*))|([^\s()"]+))/gy;

const tokens = (text) => {
  const found = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim()) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`a quote is not closed: ${text.slice(at).trim()}`);
    const [, bracket, quoted, field, operator, quotedValue, value, word] = match;
    if (bracket) found.push({ kind: bracket });
    else if (field) found.push({ kind: "term", field, operator, value: quotedValue ?? value });
    else if (quoted === undefined && /^(and|or|not)$/i.test(word)) found.push({ kind: word.toLowerCase() });
    else found.push({ kind: "term", field: "text", operator: ":", value: quoted ?? word });
  }
  return found;
};

// Turns a text with stars into a test of lower-case texts.
const textTest = (operator, value) => {
  const wanted = value.toLowerCase();
  if (!wanted.includes("*")) return operator === "=" ? (text) => text === wanted : (text) => text.includes(wanted);
  const pattern = wanted.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  const whole = new RegExp(operator === "=" ? `^${pattern}$` : pattern, "s");
  return (text) => whole.test(text);
};

const UNITS = { k: 1e3, m: 1e6, g: 1e9 };

const numberTest = (operator, value, field) => {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(value);
  if (!match) throw new Error(`\`${field}${operator}${value}\` needs a number, as in \`${field}>100\` or \`${field}<2k\``);
  const limit = Number(match[1]) * (UNITS[match[2].toLowerCase()] ?? 1);
  if (operator === ">") return (number) => number > limit;
  if (operator === "<") return (number) => number < limit;
  return (number) => number === limit;
};

// More nesting than anybody writes, and less than overflows a browser's stack.
const MAX_DEPTH = 100;

// `fields` maps each name to a function from a cell to its lower-case texts, or to `{ number }`. Returns the predicate
// as `test`, and as `terms` those that must all hold.
const parseQuery = (text, fields) => {
  const list = tokens(text);
  let at = 0;
  const peek = () => list[at]?.kind;
  const take = (kind) => peek() === kind && Boolean(++at);

  const term = ({ field, operator, value }) => {
    const get = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!get) throw new Error(`no field is named \`${field}\`; there are ${Object.keys(fields).join(", ")}`);
    if (!value) throw new Error(`\`${field}${operator}\` needs a value`);
    if (get.number) {
      const holds = numberTest(operator, value, field);
      return (cell) => {
        const number = get.number(cell);
        return number !== undefined && holds(number);
      };
    }
    if (operator === "<" || operator === ">") throw new Error(`\`${field}\` is not a number: write \`${field}:${value}\``);
    const holds = textTest(operator, value);
    return (cell) => get(cell).some(holds);
  };

  let depth = 0;
  const one = () => {
    depth += 1;
    if (depth > MAX_DEPTH) throw new Error(`brackets and \`not\` are nested more than ${MAX_DEPTH} deep`);
    const parsed = operand();
    depth -= 1;
    return parsed;
  };

  const operand = () => {
    if (take("not")) {
      const inner = one();
      return { test: (cell) => !inner.test(cell), terms: [] };
    }
    if (take("(")) {
      const inner = either();
      if (!take(")")) throw new Error("a bracket is not closed");
      return inner;
    }
    const next = list[at];
    if (next?.kind !== "term") throw new Error(next ? `\`${next.kind}\` has nothing to join` : "the query ends too early");
    at += 1;
    return { test: term(next), terms: [next] };
  };

  const both = () => {
    const parts = [one()];
    while (take("and") || peek() === "term" || peek() === "not" || peek() === "(") parts.push(one());
    return { test: (cell) => parts.every((part) => part.test(cell)), terms: parts.flatMap((part) => part.terms) };
  };

  const either = () => {
    const parts = [both()];
    while (take("or")) parts.push(both());
    if (parts.length === 1) return parts[0];
    return { test: (cell) => parts.some((part) => part.test(cell)), terms: [] };
  };

  if (list.length === 0) return { test: () => true, terms: [] };
  const query = either();
  if (at < list.length) throw new Error(`unmatched \`${list[at].kind}\``);
  return query;
};

// Replaces the query's terms for this field with one term; an empty value removes them.
const withTerm = (text, field, value) => {
  const own = new RegExp(`(?:^|\\s+)(?:and\\s+)?${field}[:=](?:"[^"]*"|[^\\s()"]+)`, "gi");
  const rest = text.replace(own, "").replace(/^\s*and\s+/i, "").trim();
  if (!value) return rest;
  // A quoted value cannot contain a quote: a star stands for it.
  const term = `${field}=${/[\s()"]/.test(value) ? `"${value.replaceAll('"', "*")}"` : value}`;
  return rest ? `${rest} and ${term}` : term;
};
