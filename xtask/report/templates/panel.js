
// The panel: the evidence of a cell, the facts of a guest, or the gaps of a runtime. All content is set as text.

const STAGES = ["load", "validate", "compile", "link", "instantiate", "run"];

const classAndSymbol = (cell) => DATA.verdicts[cell.switches ? "partly" : cell.v];
const classOf = (cell) => classAndSymbol(cell)[0];
const symbolOf = (cell) => (cell.v === "gap" && codes.get(cell.c)?.symbol) || classAndSymbol(cell)[1];

const query = (text) => `#q=${encodeURIComponent(text)}`;
const link = (kind, name, text = name) => h("a", { href: `#${kind}=${encodeURIComponent(name)}` }, text);

const copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from disk may have no clipboard: copy in the older way.
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
// A command that cannot be run again, because the cell's folder is gone, has no button.
const ranAs = (text) => h("figure.stream", {}, h("figcaption", {}, "as it was run, in a folder that the lab has removed"), h("pre", { tabindex: "0" }, text));

const badge = (cell) => [h(`i.${classOf(cell)}`, { "aria-hidden": "true" }, symbolOf(cell)), " ", h("b", {}, cell.switches ? "pass with a switch" : cell.v)];

// The stages, and the one that the cell reached.
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

// The failed checks with their reasons; of the others, only the names.
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
  const heads = ["Check", "Answer", "Message", "Code"].map((name) => h("th", { scope: "col" }, name));
  return section(`Checks: ${works.length} of ${cell.checks.length} work`,
    rows.length ? h("table.list", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)) : undefined,
    works.length ? h("p", {}, h("i.p", { "aria-hidden": "true" }, " ✓ "), " ", works.map((check) => check.name).join(", ")) : undefined);
};

const assertions = (cell) => {
  if (!cell.assertions) return undefined;
  const { passed, failed, not_attempted: left, failures = [], reasons = [] } = cell.assertions;
  const rows = failures.map((one) => h("tr.bad", {}, h("th", { scope: "row" }, `line ${one.line}`), h("td", {}, one.detail)));
  return section(`Assertions: ${passed} hold, ${failed} do not, ${left} not attempted`,
    rows.length ? h("table.list", {}, h("tbody", {}, rows)) : undefined,
    reasons.length ? h("ul.plain", {}, reasons.map((one) => h("li", {}, h("b", {}, String(one.count)), ` not attempted: ${one.reason}`))) : undefined);
};

const stream = (name, place) => (place === undefined ? undefined : h("figure.stream", {}, h("figcaption", {}, name), h("pre", { tabindex: "0" }, textAt(place))));

const AGREEMENTS = { same: "as observed", "other-subject": "the same code with another subject, or a pass with other switches", "own-result": "runs as predicted; the program itself decided the result", undecided: "reading cannot decide", contradicts: "the run contradicts it", "not-run": "the runtime is not installed" };
// Output that the page truncates is in files beside it; a page sent by itself lacks them.
const wholeOutput = (cell) => {
  if (cell.files) return h("p.muted", {}, "The whole output is beside this page: ", cell.files.map(([name, path, bytes], at) => [at ? ", " : "", h("a", { href: path }, name), ` (${bytesText(bytes)})`]));
  return cell.cut ? h("p.muted", {}, "Cut to 1 KiB; report.json has more.") : undefined;
};

const evidence = (cell) => {
  const scenario = scenarioOf(cell);
  const runtime = runtimeOf(cell);
  const guest = guestOf(cell);
  const code = codes.get(cell.c);
  const fix = textAt(cell.fix) || (cell.c ? code?.remedy ?? "" : "");
  const lab = DATA.lessons ? `${DATA.program} run-one ${scenario.name} ${runtime.id}` : "";
  // A custom build cannot be selected by name.
  const again = guest?.again && !runtime.custom_build ? `${guest.again} --runtime ${runtime.id}` : "";
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
      ["Wall-clock time", cell.ms ? msText(cell.ms) : ""],
      ["Compiling", cell.importsOnly ? "left out: the imports alone were linked first" : cell.compile === undefined ? "" : msText(cell.compile)],
      ["Running", cell.run === undefined ? "" : msText(cell.run)],
      ["CPU time", cell.cpu ? msText(cell.cpu) : ""],
      ["Memory", cell.rss ? bytesText(cell.rss) : ""],
      ["Execution path", cell.execution_path],
      ["Observed", cell.cached ? "earlier, cached" : ""],
    ]),
    checks(cell),
    assertions(cell),
    section("Output", stream("stdout", cell.out), stream("stderr", cell.err), wholeOutput(cell)),
    section("Run it again",
      lab ? command(lab, "this cell, in the lab") : undefined,
      lab ? command(`${DATA.program} repro ${scenario.name} ${runtime.id}`, "a folder for a bug report, which needs no lab") : undefined,
      again ? command(again, "this file on this runtime; add the file's folder and the options that it was checked with") : undefined,
      textAt(cell.cmd) ? ranAs(textAt(cell.cmd)) : undefined),
    facts([
      ["Runtime", link("runtime", runtime.id), ` ${runtime.version ?? ""}`],
      [DATA.files ? "File" : "Guest", link("guest", scenario.name, nameOf(scenario))],
      ["Made by", DATA.files ? "" : guest?.toolchain],
      ["Size", guest ? bytesText(guest.bytes) : ""],
      ["SHA-256", guest ? h("code.hash", {}, guest.sha256) : ""],
      ["Lesson", DATA.lessons ? h("a", { href: `${DATA.lessons}${encodeURIComponent(scenario.name)}/README.md` }, "README of the scenario") : ""],
    ]),
  ];
};

// Several cells of one engine: one line each; the first informative one is open.
const cellPanel = (name) => {
  const [scenarioName, ...ids] = partedNames(name);
  const of = (id) => DATA.cells.find((cell) => scenarioOf(cell)?.name === scenarioName && runtimeOf(cell)?.id === id);
  const cells = ids.map(of).filter(Boolean);
  if (!cells.length) return undefined;
  const title = [link("guest", scenarioName, nameOf(scenarioOf(cells[0]))), " on ", link("runtime", joinedNames(...ids), ids[0])];
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

// Cells as symbols with names; each opens its evidence.
const symbols = (cells, label) => h("ul.symbols", {}, cells.map((cell) =>
  h("li", {}, h("a", { href: `#cell=${encodeURIComponent(joinedNames(scenarioOf(cell).name, runtimeOf(cell).id))}`, title: [cell.v, cell.c].filter(Boolean).join(": ") }, h(`i.${classOf(cell)}`, { "aria-hidden": "true" }, symbolOf(cell)), " ", label(cell), h("span.unseen", {}, ` ${cell.v}`)))));

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
    DATA.files ? undefined : h("p.detail", {}, scenario.title),
    facts([
      ["Family", DATA.files ? "" : h("a", { href: query(withTerm("", "family", scenario.family)) }, scenario.family)],
      ["Route", DATA.files ? "" : h("a", { href: query(withTerm("", "route", scenario.route)) }, scenario.route)],
      ["Passes on", `${passes.length} of ${cells.filter((cell) => is(cell).includes("measured")).length} columns`],
      ["Made by", DATA.files ? "" : guest?.toolchain],
      ["Origin", DATA.files ? "" : guest ? guest.origin + (guest.build_ms ? `, in ${msText(guest.build_ms)}` : "") : "not built"],
      ["Kind", read ? `${read.kind}, ${read.shape}` : ""],
      ["Size", guest ? bytesText(guest.bytes) : ""],
      ["SHA-256", guest ? h("code.hash", {}, guest.sha256) : ""],
      ["Lesson", DATA.lessons ? h("a", { href: `${DATA.lessons}${encodeURIComponent(name)}/README.md` }, "README of the scenario") : ""],
    ]),
    h("p", {}, h("a.button", { href: query(withTerm("", "guest", name)) }, `Show only this ${DATA.files ? "file" : "guest"}`)),
    section("On each runtime", symbols(cells.filter((cell) => cell.v !== "not-applicable" && cell.v !== "absent" && runtimeOf(cell)), (cell) => runtimeOf(cell).id)),
    read?.rejection ? h("p.note", {}, h("b", {}, "The file cannot be read: "), read.rejection.message) : undefined,
    read ? section("ABI", read.abis.length ? undefined : h("p.muted", {}, "None: no import identifies an ABI."), h("ul.plain", {}, read.abis.map(([title, { evidence: shown }]) => h("li", {}, h("b", {}, title), " ", shown.slice(0, 8).map((text) => [h("code", {}, text), " "]), shown.length > 8 ? `and ${shown.length - 8} more` : "")))) : undefined,
    read ? section("Proposals it needs", read.proposals.length ? h("ul.plain", {}, read.proposals.map((proposal) => {
      const by = refused(proposal);
      return h("li", {}, h("a.chip", { href: query(`proposal=${proposal}`) }, proposal), read.uses?.[proposal] ? h("span.muted", {}, ` first ${read.uses[proposal]} `) : "", by.length ? [" ", h("span.muted", {}, "refused by "), by.map((cell) => runtimeOf(cell).id).join(", "), h("div.muted", {}, textAt(by[0].d))] : "");
    })) : h("p.muted", {}, "None beyond WebAssembly 1.0.")) : undefined,
    read ? section("Where the bytes are", sizes(guest)) : undefined,
    read ? section(`Imports: ${read.imports.length}`, grouped(imports, true)) : undefined,
    read && read.exports.length ? section(`Exports: ${read.exports.length}`, grouped(read.exports.map(([own, type]) => [type.split(" ")[0], own, type]), false)) : undefined,
    guest?.annotated ? section("Every byte", everyByte(guest.annotated)) : undefined,
    read?.producers.length ? section("Producers", h("p", {}, read.producers.map(({ name: own, version }) => `${own} ${version}`.trim()).join(", "))) : undefined,
  ];
  return { title: [nameOf(scenario)], body };
};

// The subjects of a code on some columns, with their guests.
const lacking = (cells, code, title) => {
  const subjects = new Map();
  for (const cell of cells.filter((cell) => cell.c === code)) {
    const subject = textAt(cell.u) || code;
    subjects.set(subject, new Set([...(subjects.get(subject) ?? []), nameOf(scenarioOf(cell))]));
  }
  const sorted = [...subjects].sort((a, b) => b[1].size - a[1].size);
  return section(`${title}: ${sorted.length}`, sorted.length ? h("ul.types", {}, sorted.map(([subject, names]) => h("li", {}, h("code", {}, subject), h("span.muted", {}, ` ${[...names].slice(0, 3).join(", ")}${names.size > 3 ? ` and ${names.size - 3} more` : ""}`)))) : undefined);
};

const middle = (values) => (values.length ? [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] : undefined);

const runtimePanel = (name) => {
  // Internal links use single names unchanged.
  const ids = DATA.runtimes.some((runtime) => runtime.id === name) ? [name] : partedNames(name);
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
        ["Switches", (runtime.constant_switches ?? []).join(" ")],
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
    lacking(all, "not-implemented", "Functions it defines but does not implement"),
    lacking(all, "capability-denied", "Calls it refuses"),
  ];
  return { title: [runtimes.length === 1 ? ids[0] : engine], body };
};

const PANELS = { cell: cellPanel, guest: guestPanel, runtime: runtimePanel };
