
// Shared by the report and the page for files: texts, elements, and the theme. All content is set as text.

// Makes characters visible that could mislead the reader or change the writing direction; all texts of the data pass
// through here.
const CONTROLS = /(?![\n\t\ufe0e\ufe0f])[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
const visible = (text) => text.replace(/\r\n/g, "\n").replace(CONTROLS, (c) => c.split("").map(escaped).join(""));

const bytesText = (bytes) => {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
};
const msText = (ms) => {
  if (ms < 10) return `${Math.round(ms * 100) / 100} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
};

// An element with classes after dots, attributes, and children: texts, elements, or lists of them.
const h = (name, attributes = {}, ...children) => {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== "" && child !== false));
  return element;
};

const SVG = "http://www.w3.org/2000/svg";
const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// The lab's own sentences have code between backticks.
const prose = (text) => {
  const parts = text.split("`");
  return parts.length % 2 ? parts.map((part, at) => (at % 2 ? h("code", {}, part) : part)) : [text];
};

const section = (title, ...children) => {
  const shown = children.flat(Infinity).filter((child) => child !== undefined && child !== "" && child !== false);
  return shown.length ? h("section", {}, h("h3", {}, title), ...shown) : undefined;
};

// A list of names and values; those without a value are left out.
const facts = (pairs) => {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== "" && value !== false && !(Array.isArray(value) && !value.length));
  return shown.length ? h("dl", {}, shown.map(([name, ...value]) => [h("dt", {}, name), h("dd", {}, ...value)])) : undefined;
};

// The same side by side, for short values.
const tiles = (pairs) => {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== "");
  return shown.length ? h("dl.tiles", {}, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))) : undefined;
};

// The sections of a binary as a bar, and a table of them.
const sizes = (guest) => {
  const { sections, sizes: sums } = guest.facts;
  const byName = new Map();
  for (const [name, , bytes] of sections) byName.set(name, (byName.get(name) ?? 0) + bytes);
  const known = sums.code + sums.data + sums.names + sums.debug + sums.custom;
  const parts = byName.size ? [...byName] : [["code", sums.code], ["data", sums.data], ["names", sums.names], ["debug information", sums.debug], ["custom sections", sums.custom], ["the rest", Math.max(0, guest.bytes - known)]];
  const shown = parts.filter(([, bytes]) => bytes > 0).sort((a, b) => b[1] - a[1]);
  const whole = Math.max(guest.bytes, 1);
  const kind = (name) => (/^code|core module/.test(name) ? "code" : /^data/.test(name) ? "data" : /name"?$|names/.test(name) ? "names" : /debug/.test(name) ? "debug" : /custom/.test(name) ? "custom" : "rest");
  // Align names to the left edge of the bars.
  const room = matchMedia("(max-width: 700px)").matches ? 14 : 22;
  const chart = svg("svg", { width: "100%", height: 24 * Math.min(shown.length, 12), role: "img", "aria-label": shown.map(([name, bytes]) => `${name} ${bytes} bytes`).slice(0, 12).join(", ") });
  shown.slice(0, 12).forEach(([name, bytes], at) => {
    const width = Math.max(0.3, (bytes / whole) * 55);
    chart.append(
      svg("text", { x: "0", y: 24 * at + 16 }, name.length > room ? `${name.slice(0, room - 1)}…` : name),
      svg("rect", { class: `part ${kind(name)}`, x: "32%", y: 24 * at + 5, height: 14, rx: 2, width: `${width}%` }),
      svg("text", { x: `${33 + width}%`, y: 24 * at + 16, class: "value" }, bytesText(bytes)));
  });
  return [chart, shown.length > 12 ? h("p.muted", {}, `and ${shown.length - 12} smaller`) : undefined];
};

// Groups texts by prefix; each group can be folded.
const grouped = (items, open) => {
  const groups = new Map();
  for (const [group, name, type] of items) groups.set(group, [...(groups.get(group) ?? []), [name, type]]);
  return [...groups].map(([group, members]) => {
    const details = h("details", {}, h("summary", {}, h("code", {}, group), h("span.n", {}, ` ${members.length}`)),
      h("ul.types", {}, members.map(([name, type]) => h("li", {}, h("code", {}, name), " ", h("span.muted", {}, type)))));
    details.open = open && groups.size < 4 && members.length < 30;
    return details;
  });
};

// Each byte of a small binary with its meaning.
const everyByte = (lines) => h("div.wide-table", { tabindex: "0", role: "region", "aria-label": "Every byte" }, h("table.bytes", {},
  h("thead", {}, h("tr", {}, ["Offset", "Bytes", "Meaning"].map((name) => h("th", { scope: "col" }, name)))),
  h("tbody", {}, lines.map(({ offset, bytes, depth, meaning, stops_here }) => h(stops_here ? "tr.bad" : depth || meaning.startsWith("size") ? "tr" : "tr.head", {},
    h("td", {}, offset.toString(16).padStart(4, "0")),
    h("td", {}, bytes.length > 95 ? `${bytes.slice(0, 95)} …` : bytes),
    h("td", {}, "\u00a0".repeat(2 * Math.min(depth, 12)), meaning))))));

const THEMES = ["light dark", "dark", "light"];
const THEME_NAMES = { "light dark": "Auto", dark: "Dark", light: "Light" };
const setTheme = (theme) => {
  document.documentElement.style.colorScheme = theme;
  document.getElementById("theme").textContent = `Theme: ${THEME_NAMES[theme]}`;
};
const theme = () => {
  let current = THEMES[0];
  try {
    const kept = localStorage.getItem("wasmlab-theme");
    if (THEMES.includes(kept)) current = kept;
  } catch {
    // A page from disk may have no storage.
  }
  setTheme(current);
  document.getElementById("theme").addEventListener("click", () => {
    current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
    setTheme(current);
    try {
      localStorage.setItem("wasmlab-theme", current);
    } catch {
      // Without storage, the choice lasts for this visit.
    }
  });
};
