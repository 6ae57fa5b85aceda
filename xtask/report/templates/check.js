
// Reads dropped or chosen files one after another and shows the answers. All content is set as text, never as HTML.

const $ = (id) => document.getElementById(id);
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_FILES = 20;
// A name may be a megabyte long.
const MAX_TEXT = 1000;
const SHOWN_IN_LIST = 500;
const TIMEOUT = 60000;

const EXAMPLE = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "Hello from WASI 0.1\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 20))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
`;

const cut = (text) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
const safe = (value) => JSON.parse(JSON.stringify(value), (_, part) => (typeof part === "string" ? visible(cut(part)) : part));

// The worker: started with the page, and restarted after a trap, a large file, or one that took too long.
let worker;
const start = () => {
  const url = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const started = new Worker(url);
  const one = (message, limit) => new Promise((resolve) => {
    const late = setTimeout(() => resolve({ error: `reading it took more than ${limit / 1000} s` }), limit);
    const done = (result) => {
      clearTimeout(late);
      resolve(result);
    };
    started.onmessage = ({ data }) => done(data);
    started.onerror = (event) => done({ error: event.message ?? "the worker did not start" });
    started.postMessage(message);
  });
  const ready = one({ wasm: $("reader").textContent, profiles: $("profiles").textContent }, TIMEOUT);
  ready.then(() => URL.revokeObjectURL(url));
  return { ready, ask: (file) => one({ file }, TIMEOUT), end: () => started.terminate() };
};

const read = async (file) => {
  if (file.size > MAX_BYTES) return { error: "it is larger than 512 MiB: `wasmlab predict --max-size 4G FILE` reads it" };
  worker ??= start();
  const ready = await worker.ready;
  const result = ready.error ? ready : await worker.ask(file);
  if (result.error || file.size > MAX_BYTES / 8) {
    // The worker's memory never shrinks, and after a trap its state is unreliable.
    worker.end();
    worker = undefined;
  }
  return result;
};

const CLASS = { runs: "p", "may-fail": "w", fails: "g", "not-attempted": "q", "not-applicable": "x" };
const SYMBOL = { runs: "✓", "may-fail": "◐", fails: "✗", "not-attempted": "○", "not-applicable": "-" };
const WORD = { runs: "runs", "may-fail": "may fail", fails: "does not run", "not-attempted": "not attempted", "not-applicable": "not applicable" };

const mark = (outcome) => h(`i.${CLASS[outcome]}`, { "aria-hidden": "true" }, SYMBOL[outcome]);
const reason = (one) => [one.code ? h("b", {}, one.code) : "", one.code && one.subject ? " " : "", one.subject ? h("code", {}, one.subject) : ""];

const withSwitches = (switches) => (switches ? [", with ", switches.map((text) => [h("code", {}, text), " "])] : "");

// The file has no program to run; nothing else is wrong with it.
const isLibrary = (one) => one.only_loads;

// One line: where it runs.
const summary = ({ prediction }) => {
  if (prediction.invalid) return "Not a valid file: no runtime accepts it";
  const asked = prediction.predictions.filter((one) => one.outcome !== "not-applicable");
  const count = (outcome) => asked.filter((one) => one.outcome === outcome).length;
  const loads = asked.filter(isLibrary).length;
  if (loads && !count("runs") && !count("may-fail")) return `A library, with no program to run: loads on ${loads} of ${asked.length} runtimes`;
  const may = count("may-fail");
  return `Runs on ${count("runs")}${may ? `, may fail on ${may}` : ""} of ${asked.length} runtimes`;
};

const runs = (groups, predictions) => {
  const own = groups.filter((group) => group.outcome === "runs");
  if (!own.length) return h("p.muted", {}, "none of the measured runtimes");
  return h("ul.plain", {}, own.map(({ names, members }) => {
    const { switches } = predictions[members[0]];
    return h("li", {}, mark("runs"), " ", names, withSwitches(switches));
  }));
};

const mayFail = (groups, predictions) => groups.filter((group) => group.outcome === "may-fail").map(({ names, members }) => {
  const { switches, detail } = predictions[members[0]];
  return h("article.cause", {}, h("p", {}, mark("may-fail"), " ", names, withSwitches(switches)),
    h("p.muted", {}, detail.replace(/^may fail: /, "")));
});

const isLoaded = (group, predictions) => group.outcome === "fails" && group.members.every((at) => isLibrary(predictions[at]));

// The runtimes that load a library, and how to run something in it.
const loads = (groups, predictions) => groups.filter((group) => isLoaded(group, predictions)).map(({ names, members }) => {
  const { remedy, switches } = predictions[members[0]];
  return h("article.cause", {}, h("p", {}, mark("runs"), " ", names, withSwitches(switches)),
    h("p.muted", {}, "It is a library: it loads, and has no program to run."),
    remedy ? h("div.fix", {}, h("b", {}, "To run something in it: "), prose(remedy)) : undefined);
});

// The reasons, most informative first, each with its remedy.
const fails = (groups, predictions) => groups.filter((group) => group.outcome === "fails" && !isLoaded(group, predictions)).map(({ names, members, meaning }) => {
  const one = predictions[members[0]];
  const differ = members.some((at) => predictions[at].detail !== one.detail);
  const others = new Set(members.map((at) => predictions[at].subject)).size > 1;
  return h("article.cause", {},
    h("p", {}, mark("fails"), " ", names),
    h("p", {}, reason(one), others ? h("span.muted", {}, " and others") : ""),
    one.detail ? h("p.detail", {}, differ ? `${one.runtime}: ` : "", prose(one.detail)) : undefined,
    meaning ? h("p.muted", {}, prose(meaning)) : undefined,
    one.remedy ? h("div.fix", {}, h("b", {}, "To change it: "), prose(one.remedy)) : undefined);
});

// Runtimes to which the question does not apply: one folded line.
const notAsked = (groups, predictions) => {
  const own = groups.filter((group) => group.outcome === "not-applicable");
  const count = own.reduce((sum, { members }) => sum + members.length, 0);
  return count ? h("details.rest", {}, h("summary", {}, `Does not apply to ${count} of the measured runtimes`),
    own.map(({ names, members }) => h("p.muted", {}, `${names}: ${predictions[members[0]].detail}`))) : undefined;
};

const everyRuntime = (predictions) => h("details", {}, h("summary", {}, "Every runtime ", h("span.n", {}, String(predictions.length))),
  h("div.wide-table", { tabindex: "0", role: "region", "aria-label": "Every runtime" }, h("table.list", {},
    h("thead", {}, h("tr", {}, ["Runtime", "Prediction", "Because", "To change it"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, predictions.map((one) => h("tr", {},
      h("th", { scope: "row" }, one.runtime, " ", h("span.muted", {}, one.version)),
      h("td", { "data-l": "Prediction" }, mark(one.outcome), " ", WORD[one.outcome]),
      h("td", { "data-l": "Because" }, reason(one), one.detail ? h("div.muted", {}, one.detail) : "", one.switches ? h("div", {}, "with ", h("code", {}, one.switches.join(" "))) : ""),
      h("td", { "data-l": "To change it" }, one.remedy ? prose(one.remedy) : "")))))));

const list = (title, items, count, open) => (count ? section(`${title}: ${count}`, grouped(items.slice(0, SHOWN_IN_LIST), open), count > SHOWN_IN_LIST ? h("p.muted", {}, `The first ${SHOWN_IN_LIST} are shown.`) : undefined) : undefined);

// `first in function 12 (main) at byte 0x1f3`
const firstUse = (at) => {
  if (!at) return "";
  const inside = at.function_index === undefined ? "" : `in function ${at.function_index}${at.function_name ? ` (${at.function_name})` : ""} `;
  return h("span.muted", {}, ` first ${inside}at byte 0x${at.offset.toString(16)}`);
};

// The file's facts.
const about = ({ facts: read, counts, abis }) => {
  const imports = read.imports.map(({ module, name, ty }) => (module || read.kind === "module" ? [module || "\"\"", name, ty] : [name.split("/")[0], name, ty]));
  const sections = read.sections.map(({ name, bytes }) => [name, 0, bytes]);
  return [
    facts([
      ["Kind", read.kind],
      ["Shape", read.shape.replace("-", " ")],
      ["Size", bytesText(read.sizes.total)],
      ["Made by", read.producers.map(({ name, version }) => `${name} ${version}`.trim()).slice(0, 12).join(", ")],
    ]),
    read.rejection ? h("p.note", {}, h("b", {}, "The file cannot be read: "), read.rejection.message) : undefined,
    section("ABI", read.abis.length ? h("ul.plain", {}, read.abis.map(({ evidence }, at) => h("li", {}, h("b", {}, abis[at]), " ", evidence.slice(0, 8).map((text) => [h("code", {}, text), " "]), evidence.length > 8 ? `and ${evidence.length - 8} more` : ""))) : h("p.muted", {}, "None: no import identifies an ABI.")),
    section("Proposals it needs", read.proposals.length ? h("ul.plain", {}, read.proposals.map((name) => h("li", {}, h("span.chip", {}, name), firstUse(read.first_uses?.[name])))) : h("p.muted", {}, "None beyond WebAssembly 1.0.")),
    section("Where the bytes are", sizes({ facts: { sections, sizes: read.sizes }, bytes: read.sizes.total })),
    list("Imports", imports, counts.imports, true),
    list("Exports", read.exports.map(({ name, ty }) => [ty.split(" ")[0], name, ty]), counts.exports, false),
  ];
};

// The length of a file that could not be read, from its annotated bytes.
const lengthOf = (lines) => Math.max(0, ...lines.map(({ offset, bytes }) => offset + (bytes ? bytes.split(" ").length : 0)));

let number = 0;
const show = (file, { answer, error, ms }) => {
  number += 1;
  const id = `answer-${number}`;
  const article = h("section.answer", { "aria-labelledby": id }, h("h2", { id }, visible(cut(file.name))));
  if (error) {
    article.append(h("p.partial", {}, prose(visible(cut(error)))));
    return { article, said: error };
  }
  const shown = safe(answer);
  const { line, prediction, groups } = shown;
  const all = prediction.predictions;
  article.append(h("p.line", {}, line));
  if (prediction.invalid) {
    article.append(h("div.partial", {}, h("b", {}, "It is not a valid file. "), h("pre", { tabindex: "0" }, prediction.invalid)));
  } else {
    const loaded = loads(groups, all);
    const isOnlyLoaded = loaded.length && !groups.some((group) => group.outcome === "runs");
    const parts = [
      ["Runs on", isOnlyLoaded ? [] : [runs(groups, all)]],
      ["Loads on", loaded],
      ["May fail on", mayFail(groups, all)],
      ["Does not", fails(groups, all)],
    ];
    article.append(h("p.sum", {}, summary(shown)));
    article.append(...parts.filter(([, body]) => body.length).map(([name, body]) => h("div.part-of", {}, h("h3", {}, name), h("div", {}, ...body))));
    article.append(...[notAsked(groups, all), everyRuntime(all)].filter(Boolean));
  }
  if (shown.facts) article.append(h("details.about", { open: "" }, h("summary", {}, "What it is"), ...about(shown).filter(Boolean)));
  if (shown.bytes) article.append(h("details", {}, h("summary", {}, "Every byte ", h("span.n", {}, bytesText(shown.facts?.sizes.total ?? lengthOf(shown.bytes)))), everyByte(shown.bytes)));
  article.append(h("p.muted", {}, `Read and predicted in ${msText(ms)}.`));
  return { article, said: summary(shown) };
};

// Each file waits for the previous one.
let queue = Promise.resolve();
const take = (files) => {
  const list = files.slice(0, MAX_FILES);
  if (!list.length) return;
  queue = queue.then(async () => {
    const said = [];
    $("drop").setAttribute("aria-busy", "true");
    for (const file of list) {
      $("status").textContent = `Reading ${visible(cut(file.name))} …`;
      const result = await read(file).catch(({ message }) => ({ error: message }));
      const shown = show(file, result);
      if (said.length) $("answers").append(shown.article);
      else $("answers").replaceChildren(shown.article);
      said.push(`${visible(cut(file.name))}: ${shown.said}`);
      document.dispatchEvent(new CustomEvent("answer", { detail: { prediction: result.answer?.prediction, error: result.error, ms: result.ms } }));
    }
    // For screen readers; everybody else sees the answers.
    $("status").textContent = said.length > 3 ? `${said.length} files were read${files.length > list.length ? `; of ${files.length}, the first ${MAX_FILES} are shown` : ""}` : said.join("; ");
    $("drop").removeAttribute("aria-busy");
  });
};

theme();
$("theme").hidden = $("drop").hidden = false;
worker = start();
$("file").addEventListener("change", () => {
  take([...$("file").files]);
  // Allows choosing the same file again after a rebuild.
  $("file").value = "";
});
$("example").addEventListener("click", () => take([new File([EXAMPLE], "example.wat")]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget ?? $("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const files = [...event.dataTransfer.files];
  if (!files.length) {
    // A remaining answer would seem to be about the new file.
    $("answers").replaceChildren();
    $("status").textContent = "What was dropped is not a file: drop a .wasm or .wat file";
  }
  take(files);
});
