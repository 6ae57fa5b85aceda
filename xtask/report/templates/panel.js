
// The panel: the evidence of a cell, what a guest is, what a runtime lacks. Everything is set as text.

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

const VERDICT = { pass: "p", gap: "g", fail: "f", "not-built": "b", absent: "a", "not-applicable": "x", "not-attempted": "q", error: "e" };
const SIGN = { pass: "✓", absent: "·", "not-applicable": "–", "not-attempted": "○", error: "!" };
const STAGES = ["load", "validate", "compile", "link", "instantiate", "run"];

const classOf = (cell) => (cell.switches ? "w" : VERDICT[cell.v]);
const signOf = (cell) => (cell.switches ? "◐" : SIGN[cell.v] ?? codes.get(cell.c)?.symbol ?? "?");

// The lab's own sentences have code between backticks.
const prose = (text) => {
  const parts = text.split("`");
  return parts.length % 2 ? parts.map((part, at) => (at % 2 ? h("code", {}, part) : part)) : [text];
};

const query = (text) => `#q=${encodeURIComponent(text)}`;
const link = (kind, name) => h("a", { href: `#${kind}=${encodeURIComponent(name)}` }, name);

const copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where a page from disk has no clipboard, the older way.
    const area = h("textarea", { "aria-hidden": "true" }, text);
    button.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = said), 1200);
};

const command = (text, label) => {
  const button = h("button.quiet", { type: "button", "aria-label": `Copy: ${label}` }, "Copy");
  button.addEventListener("click", () => copy(text, button));
  return h("div.command", {}, h("span.muted", {}, label), button, h("pre", { tabindex: "0" }, text));
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

const badge = (cell) => [h(`i.${classOf(cell)}`, { "aria-hidden": "true" }, signOf(cell)), " ", h("b", {}, cell.switches ? "pass with a switch" : cell.v)];

// How far it came.
const stages = (cell) => {
  if (!cell.stage) return undefined;
  const reached = STAGES.indexOf(cell.stage);
  const passed = cell.v === "pass";
  const step = (name, at) => {
    const state = at < reached || passed ? "done" : at === reached ? "here" : "not";
    const time = name === "compile" ? cell.compile : name === "run" ? cell.run : undefined;
    const said = { done: "passed", here: "ended here", not: "not reached" }[state];
    return h(`li.${state}`, { title: said }, name, h("span.unseen", {}, ` (${said})`), time === undefined ? "" : h("small", {}, ` ${msText(time)}`));
  };
  return h("ol.stages", { "aria-label": "Stages" }, STAGES.map(step));
};

// What does not work, and why; of what works, the names.
const checks = (cell) => {
  if (!cell.checks) return undefined;
  const works = cell.checks.filter((check) => check.answer === "ok");
  const row = (check) =>
    h("tr.bad", {},
      h("th", { scope: "row" }, check.name),
      h("td", {}, check.answer, check.errno === undefined ? "" : ` ${check.errno}`),
      h("td", {}, [check.function, check.message].filter(Boolean).join(": ")),
      h("td", {}, check.code ? h("a", { href: query(`code=${check.code}`) }, check.code) : ""));
  const rows = cell.checks.filter((check) => check.answer !== "ok").map(row);
  const heads = ["Capability", "Answer", "Words", "Code"].map((name) => h("th", { scope: "col" }, name));
  return section(`Capabilities: ${works.length} of ${cell.checks.length} work`,
    rows.length ? h("table.list", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)) : undefined,
    works.length ? h("p", {}, h("i.p", { "aria-hidden": "true" }, " ✓ "), " ", works.map((check) => check.name).join(", ")) : undefined);
};

const stream = (name, place) => (place === undefined ? undefined : h("figure.stream", {}, h("figcaption", {}, name), h("pre", { tabindex: "0" }, textAt(place))));

const AGREEMENTS = { same: "as observed", "other-subject": "observed about another subject", "own-result": "then a result of the program's own", undecided: "reading cannot decide", contradicts: "the run contradicts it", "not-run": "the runtime was not here" };

const evidence = (cell) => {
  const scenario = scenarioOf(cell);
  const runtime = runtimeOf(cell);
  const guest = guestOf(cell);
  const code = codes.get(cell.c);
  const fix = textAt(cell.fix) || (cell.c ? code?.remedy ?? "" : "");
  const lab = DATA.lessons ? `cargo xtask run-one ${scenario.name} ${runtime.id}` : "";
  return [
    h("p.verdict", {}, badge(cell), cell.c ? [" ", h("a", { href: query(`code=${cell.c}`), title: code?.meaning ?? "" }, cell.c)] : "", textAt(cell.u) ? [" ", h("code", {}, textAt(cell.u))] : ""),
    h("p.detail", {}, textAt(cell.d)),
    code ? h("p.muted", {}, prose(code.meaning)) : undefined,
    fix ? h("div.fix", {}, h("b", {}, "What would change it "), prose(fix)) : undefined,
    cell.known ? h("p.note", {}, h("b", {}, "Known: "), cell.known) : undefined,
    cell.change && cell.change !== "new" ? h("p.note", {}, h("b", {}, `${cell.change}: `), `was ${cell.was ?? "nothing"}`, cell.version ? ", changed with the runtime's version" : "") : undefined,
    cell.switches ? h("p.note", {}, h("b", {}, "With "), cell.switches.map((text) => [h("code", {}, text), " "]), cell.default ? `; by default ${cell.default}` : "") : undefined,
    cell.p === undefined ? undefined : h("p.muted", {}, "Predicted from the runtime's profile: ", textAt(cell.p), ` (${AGREEMENTS[cell.agrees ?? "same"] ?? cell.agrees})`),
    stages(cell),
    tiles([
      ["Blame", blameOf(cell).join(", ")],
      ["Process", cell.ms ? msText(cell.ms) : ""],
      ["Compiling", cell.compile === undefined ? "" : msText(cell.compile)],
      ["Running", cell.run === undefined ? "" : msText(cell.run)],
      ["Processor", cell.cpu ? msText(cell.cpu) : ""],
      ["Memory", cell.rss ? bytesText(cell.rss) : ""],
      ["Way to run it", cell.way],
      ["Observed", cell.cached ? "earlier, cached" : ""],
    ]),
    checks(cell),
    section("Output", stream("stdout", cell.out), stream("stderr", cell.err), cell.cut ? h("p.muted", {}, "Cut to 1 KiB; report.json has more.") : undefined),
    section("Run it again",
      lab ? command(lab, "this cell, in the lab") : undefined,
      lab ? command(`cargo xtask repro ${scenario.name} ${runtime.id}`, "a folder for a bug report, which needs no lab") : undefined,
      textAt(cell.cmd) ? command(textAt(cell.cmd), "as it was run") : undefined),
    facts([
      ["Runtime", link("runtime", runtime.id), ` ${runtime.version ?? ""}`],
      ["Guest", link("guest", scenario.name)],
      ["Made by", guest?.toolchain],
      ["Size", guest ? bytesText(guest.bytes) : ""],
      ["SHA-256", guest ? h("code.hash", {}, guest.sha256) : ""],
      ["Lesson", DATA.lessons ? h("a", { href: `${DATA.lessons}${encodeURIComponent(scenario.name)}/README.md` }, "README of the scenario") : ""],
    ]),
  ];
};

// Several cells of one engine: each in a line, the first that tells something open.
const cellPanel = (name) => {
  const [scenarioName, ...ids] = name.split(" ");
  const of = (id) => DATA.cells.find((cell) => scenarioOf(cell)?.name === scenarioName && runtimeOf(cell)?.id === id);
  const cells = ids.map(of).filter(Boolean);
  if (!cells.length) return undefined;
  const title = [link("guest", scenarioName), " on ", link("runtime", cells.length === 1 ? ids[0] : ids.join(" "))];
  if (cells.length === 1) return { title, body: evidence(cells[0]) };
  title[2].textContent = runtimeOf(cells[0]).engine;
  const tells = cells.findIndex((cell) => cell.c) >= 0 ? cells.findIndex((cell) => cell.c) : Math.max(0, cells.findIndex((cell) => cell.v === "pass"));
  const fold = (cell, at) => {
    const details = h("details.mode", {}, h("summary", {}, badge(cell), " ", runtimeOf(cell).id, cell.c ? h("span.muted", {}, ` ${cell.c}`) : "", textAt(cell.u) ? h("span.muted", {}, ` ${textAt(cell.u)}`) : ""));
    const fill = () => details.childElementCount === 1 && details.append(h("div", {}, ...evidence(cell).filter(Boolean)));
    details.addEventListener("toggle", fill);
    if (at === tells) {
      fill();
      details.open = true;
    }
    return details;
  };
  return { title, body: cells.map(fold) };
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
  const chart = svg("svg", { width: "100%", height: 24 * Math.min(shown.length, 12), role: "img", "aria-label": shown.map(([name, bytes]) => `${name} ${bytes} bytes`).slice(0, 12).join(", ") });
  shown.slice(0, 12).forEach(([name, bytes], at) => {
    const width = Math.max(0.3, (bytes / whole) * 55);
    chart.append(
      svg("text", { x: "0", y: 24 * at + 16 }, name.length > 22 ? `${name.slice(0, 21)}…` : name),
      svg("rect", { class: `part ${kind(name)}`, x: "32%", y: 24 * at + 5, height: 14, rx: 2, width: `${width}%` }),
      svg("text", { x: `${33 + width}%`, y: 24 * at + 16, class: "value" }, bytesText(bytes)));
  });
  return [chart, shown.length > 12 ? h("p.muted", {}, `and ${shown.length - 12} smaller ones`) : undefined];
};

// Cells as signs with names, each opening its evidence.
const signs = (cells, label) => h("ul.signs", {}, cells.map((cell) =>
  h("li", {}, h("a", { href: `#cell=${encodeURIComponent(`${scenarioOf(cell).name} ${runtimeOf(cell).id}`)}`, title: [cell.v, cell.c].filter(Boolean).join(": ") }, h(`i.${classOf(cell)}`, { "aria-hidden": "true" }, signOf(cell)), " ", label(cell), h("span.unseen", {}, ` ${cell.v}`)))));

// Texts by what stands before them, each group to fold.
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

const guestPanel = (name) => {
  const at = DATA.scenarios.findIndex((scenario) => scenario.name === name);
  if (at < 0) return undefined;
  const scenario = DATA.scenarios[at];
  const guest = guests.get(name);
  const read = guest?.facts;
  const cells = DATA.cells.filter((cell) => cell.s === at);
  const passes = cells.filter((cell) => cell.v === "pass");
  const refused = (proposal) => cells.filter((cell) => cell.c === "unsupported-proposal" && textAt(cell.u).includes(proposal));
  // A component imports whole interfaces, `wasi:cli/run@0.2.0`.
  const imports = (read?.imports ?? []).map(([module, own, type]) => (module ? [module, own, type] : [own.split("/")[0], own, type]));
  const body = [
    h("p.detail", {}, scenario.title),
    facts([
      ["Family", h("a", { href: query(`family=${scenario.family}`) }, scenario.family)],
      ["Route", h("a", { href: query(`route=${scenario.route}`) }, scenario.route)],
      ["Passes on", `${passes.length} of ${cells.filter((cell) => is(cell).includes("measured")).length} columns`],
      ["Made by", guest?.toolchain],
      ["Origin", guest ? guest.origin + (guest.build_ms ? `, in ${msText(guest.build_ms)}` : "") : "not built"],
      ["Kind", read ? `${read.kind}, ${read.shape}` : ""],
      ["Size", guest ? bytesText(guest.bytes) : ""],
      ["SHA-256", guest ? h("code.hash", {}, guest.sha256) : ""],
      ["Lesson", DATA.lessons ? h("a", { href: `${DATA.lessons}${encodeURIComponent(name)}/README.md` }, "README of the scenario") : ""],
    ]),
    h("p", {}, h("a.button", { href: query(`guest=${name}`) }, "Show only this guest")),
    section("On each runtime", signs(cells.filter((cell) => cell.v !== "not-applicable" && cell.v !== "absent" && runtimeOf(cell)), (cell) => runtimeOf(cell).id)),
    read?.refusal ? h("p.note", {}, h("b", {}, "The reader refuses it: "), read.refusal.message) : undefined,
    read ? section("ABI", read.abis.length ? undefined : h("p.muted", {}, "None: it imports nothing that shows one."), h("ul.plain", {}, read.abis.map(([title, { evidence: shown }]) => h("li", {}, h("b", {}, title), " ", shown.slice(0, 8).map((text) => [h("code", {}, text), " "]), shown.length > 8 ? `and ${shown.length - 8} more` : "")))) : undefined,
    read ? section("Proposals it needs", read.proposals.length ? h("ul.plain", {}, read.proposals.map((proposal) => {
      const by = refused(proposal);
      return h("li", {}, h("a.chip", { href: query(`proposal=${proposal}`) }, proposal), by.length ? [" ", h("span.muted", {}, "refused by "), by.map((cell) => runtimeOf(cell).id).join(", "), h("div.muted", {}, textAt(by[0].d))] : "");
    })) : h("p.muted", {}, "None beyond WebAssembly 1.0.")) : undefined,
    read ? section("Where the bytes are", sizes(guest)) : undefined,
    read ? section(`Imports: ${read.imports.length}`, grouped(imports, true)) : undefined,
    read && read.exports.length ? section(`Exports: ${read.exports.length}`, grouped(read.exports.map(([own, type]) => [type.split(" ")[0], own, type]), false)) : undefined,
    read?.producers.length ? section("Producers", h("p", {}, read.producers.map(({ name: own, version }) => `${own} ${version}`.trim()).join(", "))) : undefined,
  ];
  return { title: [name], body };
};

// The subjects of a code on some columns, with their guests.
const lacking = (cells, code, title) => {
  const subjects = new Map();
  for (const cell of cells.filter((cell) => cell.c === code)) {
    const subject = textAt(cell.u) || code;
    subjects.set(subject, new Set([...(subjects.get(subject) ?? []), scenarioOf(cell)?.name]));
  }
  const sorted = [...subjects].sort((a, b) => b[1].size - a[1].size);
  return section(`${title}: ${sorted.length}`, sorted.length ? h("ul.types", {}, sorted.map(([subject, names]) => h("li", {}, h("code", {}, subject), h("span.muted", {}, ` ${[...names].slice(0, 3).join(", ")}${names.size > 3 ? ` and ${names.size - 3} more` : ""}`)))) : undefined);
};

const middle = (values) => (values.length ? [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] : undefined);

const runtimePanel = (name) => {
  const ids = name.split(" ");
  const runtimes = ids.map((id) => DATA.runtimes.find((runtime) => runtime.id === id)).filter(Boolean);
  if (!runtimes.length) return undefined;
  const own = (id) => DATA.cells.filter((cell) => runtimeOf(cell)?.id === id);
  const all = runtimes.flatMap((runtime) => own(runtime.id));
  const one = (runtime) => {
    const cells = own(runtime.id).filter((cell) => is(cell).includes("measured"));
    const passes = cells.filter((cell) => cell.v === "pass");
    const time = (field) => middle(passes.map((cell) => cell[field]).filter((ms) => ms > 0));
    const shown = (field) => (time(field) === undefined ? "" : msText(time(field)));
    const largest = Math.max(0, ...cells.map((cell) => cell.rss ?? 0));
    return [
      runtimes.length > 1 ? h("h3", {}, link("runtime", runtime.id)) : undefined,
      facts([
        ["Version", runtime.version ?? (runtime.present ? "" : "absent")],
        ["Mode", runtime.mode],
        ["Switches", (runtime.flags ?? []).join(" ")],
        ["Passes", cells.length ? `${passes.length} of ${cells.length} guests` : ""],
        ["Median process", shown("ms")],
        ["Median compiling", shown("compile")],
        ["Median running", shown("run")],
        ["Largest memory", largest ? bytesText(largest) : ""],
        ["Missing", runtime.missing],
        ["Note", runtime.note ? `is ${runtime.note}` : ""],
      ]),
      DATA.differences.filter(([subject]) => subject === runtime.id).map(([, text]) => h("p.note", {}, `${runtime.id} ${text}`)),
    ];
  };
  const engine = runtimes[0].engine;
  const count = new Map();
  for (const cell of all.filter((cell) => cell.c)) count.set(cell.c, (count.get(cell.c) ?? 0) + 1);
  const asked = runtimes.length === 1 ? `runtime=${ids[0]}` : `engine=${engine}`;
  const body = [
    runtimes.map(one),
    h("p", {}, h("a.button", { href: query(asked) }, "Show only this in the matrix")),
    section("Why guests do not pass", h("p", {}, [...count].sort((a, b) => b[1] - a[1]).map(([code, cells]) => [h("a.chip", { href: query(`${asked} and code=${code}`) }, `${code} `, h("span.n", {}, String(cells))), " "]))),
    lacking(all, "unsupported-proposal", "Proposals it lacks"),
    lacking(all, "missing-import", "Imports it lacks"),
    lacking(all, "not-implemented", "Functions it has but does not implement"),
    lacking(all, "capability-denied", "Calls it refuses"),
  ];
  return { title: [runtimes.length === 1 ? ids[0] : engine], body };
};

const PANELS = { cell: cellPanel, guest: guestPanel, runtime: runtimePanel };
