
// The data, and the fields that queries can use. A cell has short names: its scenario (s), runtime (r), verdict (v),
// code (c), blame (b), subject (u), detail (d) and prediction (p); `CellData` in data.rs explains all of them.

const DATA = JSON.parse(document.getElementById("data").textContent, (_, value) => (typeof value === "string" ? visible(value) : value));

const textAt = (place) => (place === undefined ? "" : DATA.texts[place]);
const codes = new Map(DATA.codes.map((text) => [text.code, text]));
const guests = new Map(DATA.guests.map((guest) => [guest.scenario, guest]));
const blameOf = (cell) => cell.b ?? codes.get(cell.c)?.blame ?? [];
const scenarioOf = (cell) => DATA.scenarios[cell.s];
const runtimeOf = (cell) => DATA.runtimes[cell.r];
const guestOf = (cell) => guests.get(scenarioOf(cell)?.name);

// A guest's displayed name: the file's, or the scenario's.
const nameOf = (scenario) => (scenario && guests.get(scenario.name)?.origin === "given" ? scenario.title : scenario?.name);

// Joins names by blanks, for an address; blanks within a name are escaped.
const joinedNames = (...names) => names.map((name) => name.replace(/[%\s]/g, encodeURIComponent)).join(" ");
const partedNames = (text) => text.split(" ").map(decoded);
const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const lower = (...texts) => texts.filter(Boolean).map((text) => text.toLowerCase());

// Built once per row, not once per cell.
const ROWS = DATA.scenarios.map((scenario) => {
  const guest = guests.get(scenario.name);
  const facts = guest?.facts;
  return {
    abis: lower(...(facts?.abis ?? []).flatMap(([title, evidence]) => [title, evidence.abi])),
    proposals: lower(...(facts?.proposals ?? [])),
    imports: lower(...(facts?.imports ?? []).map(([module, name]) => (module ? `${module}.${name}` : name))),
    text: lower(scenario.name, scenario.title, scenario.family, scenario.route),
  };
});
const rowOf = (cell) => ROWS[cell.s] ?? { abis: [], proposals: [], imports: [], text: [] };

const is = (cell) => {
  const properties = [];
  if (cell.known) properties.push("known");
  if (cell.change && cell.change !== "new") properties.push("changed");
  if (cell.switches) properties.push("switch");
  if (cell.cached) properties.push("cached");
  if (runtimeOf(cell)?.id.includes("+")) properties.push("host-layer");
  if (guestOf(cell)?.origin === "prebuilt") properties.push("prebuilt");
  if (["pass", "gap", "fail"].includes(cell.v)) properties.push("measured");
  return properties;
};

const FIELDS = {
  runtime: (cell) => lower(runtimeOf(cell)?.id),
  engine: (cell) => lower(runtimeOf(cell)?.engine),
  mode: (cell) => lower(runtimeOf(cell)?.mode),
  guest: (cell) => lower(...new Set([scenarioOf(cell)?.name, nameOf(scenarioOf(cell))])),
  family: (cell) => lower(scenarioOf(cell)?.family),
  route: (cell) => lower(scenarioOf(cell)?.route),
  toolchain: (cell) => lower(guestOf(cell)?.toolchain),
  abi: (cell) => rowOf(cell).abis,
  proposal: (cell) => rowOf(cell).proposals,
  import: (cell) => rowOf(cell).imports,
  verdict: (cell) => [cell.v],
  code: (cell) => (cell.c ? [cell.c] : []),
  blame: blameOf,
  stage: (cell) => lower(cell.stage),
  subject: (cell) => lower(textAt(cell.u)),
  check: (cell) => (cell.checks ?? []).filter((check) => check.answer !== "ok").map((check) => check.name.toLowerCase()),
  change: (cell) => [cell.change ?? "same"],
  is,
  // Built once per cell, because every keystroke searches it.
  text: (cell) => (cell.words ??= [...rowOf(cell).text, ...lower(runtimeOf(cell)?.id, cell.c, textAt(cell.u), textAt(cell.d), textAt(cell.out), textAt(cell.err))]),
  size: { number: (cell) => guestOf(cell)?.bytes },
  ms: { number: (cell) => cell.ms },
  memory: { number: (cell) => cell.rss },
};
