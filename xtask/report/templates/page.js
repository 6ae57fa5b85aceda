
// The page: its state is in the address, so that a view can be shared.

const $ = (id) => document.getElementById(id);
const matrices = { engines: new Matrix($("engines").firstElementChild), columns: new Matrix($("columns").firstElementChild) };
const DEFAULTS = { q: "", columns: "engines", by: "family", cell: "", guest: "", runtime: "" };
const CHOICES = [
  ["runtime", DATA.runtimes.map((runtime) => runtime.id)],
  ["family", DATA.scenarios.map((scenario) => scenario.family)],
  ["route", DATA.scenarios.map((scenario) => scenario.route)],
  ["abi", DATA.guests.flatMap((guest) => guest.facts?.abis.map(([title]) => title) ?? [])],
  ["verdict", DATA.cells.map((cell) => cell.v)],
  ["code", DATA.cells.map((cell) => cell.c).filter(Boolean)],
  ["blame", DATA.cells.flatMap(blameOf)],
].filter(([field]) => !(DATA.files && ["family", "route"].includes(field)));
const state = { ...DEFAULTS };
let groupedBy = "family";

// The address without default values.
const address = () => {
  const parts = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]);
  return `#${parts.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&")}`;
};

// Reads `#q=…&cell=…`. A link within the page keeps the rest of the view, `base`.
const readAddress = (hash, base) => {
  const next = { ...base, cell: "", guest: "", runtime: "" };
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, ...value] = part.split("=");
    if (Object.hasOwn(DEFAULTS, key)) next[key] = visible(decoded(value.join("=")));
  }
  for (const [key, values] of [["columns", ["engines", "columns"]], ["by", ["family", "route"]]]) {
    if (!values.includes(next[key])) next[key] = DEFAULTS[key];
  }
  return next;
};

const matrix = () => matrices[state.columns];

const applyQuery = () => {
  let parsed;
  try {
    parsed = parseQuery(state.q, FIELDS);
    $("query-error").textContent = "";
    $("query").removeAttribute("aria-invalid");
  } catch (error) {
    // Keep the current view until the query can be parsed.
    $("query-error").textContent = error.message;
    $("query").setAttribute("aria-invalid", "true");
    return;
  }
  const matches = DATA.cells.map(parsed.test);
  matrix().filter(matches);
  const found = matches.filter(Boolean).length;
  $("status").textContent = state.q ? `${found} of ${matches.length} cells match${found ? "" : ": nothing is shown"}` : "";
  for (const [field] of CHOICES) {
    const own = parsed.terms.filter((term) => term.field === field);
    const select = $(`choice-${field}`);
    const chosen = own.length === 1 && own[0].operator === "=" ? own[0].value : "";
    if (select.value === chosen) continue;
    select.value = chosen;
    if (select.selectedIndex < 0) select.value = "";
  }
};

const show = () => {
  for (const [name, own] of Object.entries(matrices)) own.box.hidden = name !== state.columns;
  for (const own of Object.values(matrices)) if (groupedBy !== state.by) own.group(state.by);
  groupedBy = state.by;
  for (const input of document.querySelectorAll("#tools input[type=radio]")) input.checked = state[input.name] === input.value;
  if ($("query").value !== state.q) $("query").value = state.q;
  applyQuery();
  showPanel();
};

const showPanel = () => {
  const dialog = $("panel");
  const kind = Object.keys(PANELS).find((name) => state[name]);
  const panel = kind && PANELS[kind](state[kind]);
  if (!panel) {
    if (dialog.open) dialog.close();
    return;
  }
  const title = h("h2", { id: "panel-title" }, panel.title);
  $("panel-body").replaceChildren(title, ...panel.body.flat(Infinity).filter(Boolean));
  dialog.dataset.kind = kind;
  $("previous").hidden = $("next").hidden = kind !== "cell";
  if (!dialog.open) dialog.showModal();
  $("panel-body").scrollTop = 0;
  $("panel-body").focus();
};

let later;
const keepAddress = (push = false) => {
  clearTimeout(later);
  history[push ? "pushState" : "replaceState"](null, "", address());
};

const go = (change, push = false) => {
  Object.assign(state, change);
  keepAddress(push);
  show();
};

const openPanel = (kind, name) => go({ cell: "", guest: "", runtime: "", [kind]: name }, true);

const choices = () => {
  for (const [field, values] of CHOICES) {
    const names = [...new Set(values)];
    if (field !== "runtime") names.sort();
    const select = h("select", { id: `choice-${field}` }, h("option", { value: "" }, "any"), names.map((name) => h("option", { value: name }, name)));
    select.addEventListener("change", () => go({ q: withTerm(state.q, field, select.value) }));
    $("choices").append(h("div.field", {}, h("label", { for: `choice-${field}` }, field), select));
  }
  $("query-fields").append("Fields: ", Object.keys(FIELDS).flatMap((name) => [h("code", {}, name), " "]).reduce((box, child) => (box.append(child), box), h("span")));
};

const listen = () => {
  $("query").addEventListener("input", (event) => {
    state.q = event.target.value;
    applyQuery();
    // Browsers limit how often a page may change its address.
    clearTimeout(later);
    later = setTimeout(keepAddress, 250);
  });
  $("query").addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Enter") {
      event.preventDefault();
      matrix().place?.focus();
    }
  });
  $("tools").addEventListener("submit", (event) => event.preventDefault());
  $("tools").addEventListener("change", (event) => event.target.type === "radio" && go({ [event.target.name]: event.target.value }));
  $("clear").addEventListener("click", () => go({ ...DEFAULTS }));
  $("share").addEventListener("click", (event) => {
    keepAddress();
    copy(location.href, event.target);
  });
  $("close").addEventListener("click", () => $("panel").close());
  $("panel").addEventListener("click", (event) => event.target === $("panel") && $("panel").close());
  $("panel").addEventListener("close", () => {
    // Another panel may have been opened meanwhile.
    if ($("panel").open) return;
    if (state.cell || state.guest || state.runtime) go({ cell: "", guest: "", runtime: "" });
    // Do not move the focus if the user is in the filters by now.
    if (!document.activeElement?.closest("#tools")) matrix().place?.focus({ preventScroll: true });
  });
  const step = (by) => {
    const beside = state.cell && matrix().beside(by);
    if (!beside) return;
    matrix().enter(beside);
    matrix().openCell(beside);
  };
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input:not([type=radio]), select, textarea");
    if ($("panel").open) {
      if (event.key === "ArrowLeft" && !typing) step(-1);
      if (event.key === "ArrowRight" && !typing) step(1);
    } else if (event.key === "/" && !typing) {
      event.preventDefault();
      $("query").focus();
      $("query").select();
    }
  });
  // Links within the page change only the part of the view that they name; links to sections scroll.
  document.addEventListener("click", (event) => {
    const target = event.target.closest("a[href^='#']");
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const hash = target.getAttribute("href");
    if (!hash.includes("=")) {
      $(hash.slice(1))?.scrollIntoView();
      $(hash.slice(1))?.querySelector("h2")?.focus();
      return;
    }
    const next = readAddress(hash, state);
    if (next.q !== state.q) $("matrix").scrollIntoView();
    go(next, true);
  });
  addEventListener("popstate", () => {
    Object.assign(state, readAddress(location.hash, DEFAULTS));
    show();
  });
};

choices();
if (matchMedia("(max-width: 700px)").matches) document.querySelector(".narrow").open = false;
theme();
listen();
$("tools").hidden = $("theme").hidden = false;
Object.assign(state, readAddress(location.hash, DEFAULTS));
show();
// An address that names a section instead of a view: scroll to it.
if (location.hash && !location.hash.includes("=")) document.getElementById(location.hash.slice(1))?.scrollIntoView();
