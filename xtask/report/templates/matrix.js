
// The matrix: which rows and columns are shown, how rows are grouped, and keyboard navigation.

const numbers = (text) => (text ? text.split(" ").map(Number) : []);

class Matrix {
  constructor(table) {
    this.table = table;
    this.box = table.parentElement;
    this.heads = [...table.tHead.rows[0].cells].slice(1).map((th) => ({ th, shown: true, runtimes: numbers(th.dataset.r) }));
    this.rows = [...table.querySelectorAll("tbody tr:not(.group)")].map((tr) => ({
      tr,
      shown: true,
      scenario: Number(tr.cells[0].dataset.s),
      cells: [...tr.cells].slice(1).map((td) => ({ td, hit: true, shown: true, indexes: numbers(td.dataset.i) })),
    }));
    this.groups = [...table.tBodies];
    this.place = undefined;
    for (const cell of table.querySelectorAll("th[data-r], th[data-s], td[data-i]")) cell.tabIndex = -1;
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("th[data-r], th[data-s], td[data-i]");
      if (cell) this.openCell(cell);
    });
    table.addEventListener("focusin", (event) => this.enter(event.target.closest("th, td")));
    table.addEventListener("mouseover", (event) => this.describe(event.target.closest("td[data-i]")));
    this.enter(this.rows[0]?.cells[0]?.td);
  }

  // Shows the rows and columns in which something matches; returns nothing.
  filter(matches) {
    // Rows out of sight are laid out only after the last keystroke. They cannot be skipped for good: screen readers
    // would not find their cells.
    this.table.classList.add("typing");
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.table.classList.remove("typing"), 500);
    const columnHits = new Array(this.heads.length).fill(false);
    for (const row of this.rows) {
      row.hit = false;
      row.cells.forEach((cell, at) => {
        cell.wanted = cell.indexes.some((index) => matches[index]);
        if (cell.wanted) row.hit = columnHits[at] = true;
      });
    }
    this.heads.forEach((head, at) => {
      if (head.shown !== columnHits[at]) head.th.hidden = !(head.shown = columnHits[at]);
    });
    for (const row of this.rows) {
      if (row.shown !== row.hit) row.tr.hidden = !(row.shown = row.hit);
      if (!row.shown) continue;
      row.cells.forEach((cell, at) => {
        if (cell.shown !== columnHits[at]) cell.td.hidden = !(cell.shown = columnHits[at]);
        if (cell.shown && cell.hit !== cell.wanted) cell.td.classList.toggle("dim", !(cell.hit = cell.wanted));
      });
    }
    const shown = Math.max(1, columnHits.filter(Boolean).length);
    for (const body of this.table.tBodies) {
      body.hidden = ![...body.rows].some((tr) => !tr.hidden && !tr.classList.contains("group"));
      const filler = body.rows[0].cells[1];
      if (filler.colSpan !== shown) filler.colSpan = shown;
    }
    this.grid = undefined;
    if (!this.place?.checkVisibility()) this.enter(this.lines()[1]?.[1] ?? this.lines()[0]?.[0]);
  }

  // Groups the rows by `family` or `route`.
  group(by) {
    const key = (row) => DATA.scenarios[row.scenario][by];
    if (by === "family") {
      // In report order: by family, then rank.
      this.table.append(...this.groups);
      for (const body of [...this.table.tBodies].filter((body) => !this.groups.includes(body))) body.remove();
      for (const body of this.groups) {
        body.append(...this.rows.filter((row) => key(row) === body.rows[0].cells[0].textContent).map((row) => row.tr));
      }
    } else {
      const names = [...new Set(this.rows.map(key))].sort();
      for (const body of [...this.table.tBodies]) body.remove();
      for (const name of names) {
        const body = this.table.createTBody();
        const head = this.groups[0].rows[0].cloneNode(true);
        head.cells[0].textContent = name;
        body.append(head, ...this.rows.filter((row) => key(row) === name).map((row) => row.tr));
      }
    }
    this.grid = undefined;
  }

  // The visible cells, line by line, headings first: arrow keys move through them.
  lines() {
    const seen = (cells) => [...cells].filter((cell) => !cell.hidden && cell.matches("[data-r], [data-s], [data-i]"));
    const rows = [...this.table.querySelectorAll("tbody:not([hidden]) tr:not(.group):not([hidden])")];
    // The corner above the guests' names does not open anything.
    this.grid ??= [[undefined, ...seen(this.table.tHead.rows[0].cells)], ...rows.map((tr) => seen(tr.cells))];
    return this.grid;
  }

  // Makes this the cell that Tab focuses.
  enter(cell) {
    if (!cell || cell === this.place || cell.tabIndex === undefined || !cell.matches("[data-r], [data-s], [data-i]")) return;
    if (this.place) this.place.tabIndex = -1;
    this.place = cell;
    cell.tabIndex = 0;
    this.describe(cell);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const lines = this.lines();
    const y = lines.findIndex((line) => line.includes(this.place));
    if (y < 0) return;
    const x = lines[y].indexOf(this.place);
    const to = (line, column) => {
      const cells = lines[Math.max(0, Math.min(lines.length - 1, line))];
      const cell = cells[Math.max(0, Math.min(cells.length - 1, column))];
      if (cell) this.focus(cell);
    };
    const keys = {
      ArrowUp: () => to(y - 1, x),
      ArrowDown: () => to(y + 1, x),
      ArrowLeft: () => to(y, x - 1),
      ArrowRight: () => to(y, x + 1),
      PageUp: () => to(y - 10, x),
      PageDown: () => to(y + 10, x),
      Home: () => to(y, y === 0 ? 1 : 0),
      End: () => to(y, lines[y].length - 1),
      Enter: () => this.openCell(this.place),
      " ": () => this.openCell(this.place),
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  focus(cell) {
    this.enter(cell);
    // Sticky headers cover cells: scroll the focused cell out from under them.
    const corner = this.table.tHead.rows[0].cells[0];
    this.box.style.scrollPadding = `${corner.offsetHeight}px 0 0 ${corner.offsetWidth}px`;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // The cell that the panel steps to: the next visible one of the row; `undefined` at the row's end.
  beside(step) {
    const line = this.lines().find((cells) => cells.includes(this.place));
    const at = line?.indexOf(this.place) + step;
    return line?.[at]?.matches("[data-i]") ? line[at] : undefined;
  }

  // The tooltip: the meaning of the symbol, in words.
  describe(td) {
    if (!td?.dataset.i || td.title) return;
    const lines = numbers(td.dataset.i).map((index) => {
      const cell = DATA.cells[index];
      const reason = [cell.c, textAt(cell.u)].filter(Boolean).join(" ");
      return `${runtimeOf(cell)?.id}: ${cell.v}${reason ? ` (${reason})` : ""}`;
    });
    td.title = [nameOf(scenarioOf(DATA.cells[numbers(td.dataset.i)[0]])), ...lines].join("\n");
  }

  openCell(cell) {
    this.enter(cell);
    if (cell.dataset.s) openPanel("guest", DATA.scenarios[Number(cell.dataset.s)].name);
    else if (cell.dataset.r) openPanel("runtime", joinedNames(...numbers(cell.dataset.r).map((at) => DATA.runtimes[at].id)));
    else if (cell.dataset.i) {
      const indexes = numbers(cell.dataset.i);
      const { s } = DATA.cells[indexes[0]];
      openPanel("cell", joinedNames(DATA.scenarios[s].name, ...indexes.map((index) => runtimeOf(DATA.cells[index]).id)));
    }
  }
}
