// Lets readers point at figures, hide curves and sort tables. Without it a page has the same content.
// Each figure brings its curves as JSON (certvote.reporting.readings); numbers are shown as they were rounded there.
"use strict";
(() => {
  const make = (name, attributes = {}, ...children) => {
    const made = /^(svg|g|line|circle|use)$/.test(name)
      ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // --- curves ------------------------------------------------------------------------------------------------------

  // Whole numbers from their steps: a … z fall by 0 … 25, A … Z rise by 1 … 26, +100 and -100 are others, b*5 is bbbbb.
  const decode = text => {
    const numbers = [];
    let last = 0;
    for (const [, step, times = 1] of text.matchAll(/([a-zA-Z]|[+-]\d+)(?:\*(\d+))?/g)) {
      const code = step.charCodeAt(0), by = code >= 97 ? 97 - code : code >= 65 ? code - 64 : Number(step);
      for (let i = 0; i < times; i++) numbers.push(last += by);
    }
    return numbers;
  };

  class Curve {
    constructor(data, digits) {
      Object.assign(this, data, {sizes: decode(data.sizes), values: decode(data.values), digits});
    }
    // The value at e is that of the next computed size; the other side of a search is known at its own sizes alone.
    at(e) {
      let low = 0, high = this.sizes.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.sizes[middle] < e) low = middle + 1; else high = middle;
      }
      const known = low < this.sizes.length && (this.kind !== "ceiling" || this.sizes[low] === e);
      return known ? this.values[low] : null;
    }
    text(e) {
      const value = this.at(e);
      if (value === null) return "–";
      const sign = this.kind !== "difference" || !value ? "" : value > 0 ? "+" : "−";
      return sign + (Math.abs(value) / 10 ** this.digits).toFixed(this.digits);
    }
  }

  // --- figures -----------------------------------------------------------------------------------------------------

  // One width of a figure: where its scales are, and the line through all curves at one size.
  class View {
    constructor(prefix, place, groups) {
      Object.assign(this, place, {prefix, groups});
      this.svg = document.getElementById(`${prefix}title`).parentNode;
      this.focus = this.svg.parentNode;
      this.svg.classList.add("readable");
      this.svg.querySelectorAll("g > title").forEach(hint => hint.remove());
      const [, , bottom, top] = this.scales.reduce((a, b) => [0, 0, Math.max(a[2], b[2]), Math.min(a[3], b[3])]);
      Object.assign(this, {bottom, top, line: make("line", {y1: bottom, y2: top})});
      this.cross = make("g", {class: "crosshair", "aria-hidden": "true"}, this.line);
      for (const group of groups) this.cross.append(group.dot[prefix] = make("circle", {r: 3}));
      this.svg.append(this.cross);
      if (this.legend && this.svg.querySelectorAll(`[id^="${prefix}label-"]`).length === groups.length) this.cut();
      this.show(null);
    }
    parts(group, ...kinds) {
      const ids = kinds.length ? kinds.map(kind => `${kind}-${group.key}`) : [group.curve.gid];
      return ids.map(id => document.getElementById(this.prefix + id)).filter(Boolean);
    }
    // Take away labels below the scales: the buttons say the same.
    cut() {
      this.focus.classList.add("cut");
      this.focus.style.setProperty("--shape", this.legend);
      this.svg.setAttribute("preserveAspectRatio", "xMidYMin slice");
    }
    // The size below a pointer, or null beside the scales.
    size(event) {
      const box = this.svg.getBoundingClientRect(), unit = this.svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * unit, y = (event.clientY - box.top) * unit;
      const [left, right] = this.x;
      if (x < left - 9 || x > right + 9 || y < this.top - 9 || y > this.bottom + 9) return null;
      return clamp(Math.round((x - left) / (right - left) * this.largest), 0, this.largest);
    }
    show(e) {
      this.cross.classList.toggle("off", e === null);
      if (e === null) return;
      const [left, right] = this.x, x = left + (right - left) * e / this.largest;
      this.line.setAttribute("x1", x);
      this.line.setAttribute("x2", x);
      for (const group of this.groups) {
        const value = group.curve.at(e), [low, high, bottom, top] = this.scales[group.curve.panel];
        const dot = group.dot[this.prefix];
        dot.classList.toggle("off", value === null || group.hidden);
        if (value === null) continue;
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", bottom - (bottom - top) * (value / 10 ** group.curve.digits - low) / (high - low));
        dot.setAttribute("fill", getComputedStyle(this.parts(group)[0].querySelector("path")).stroke);
      }
    }
  }

  class Figure {
    constructor(script) {
      const data = JSON.parse(script.textContent);
      this.figure = script.closest("figure");
      this.name = this.figure.querySelector("figcaption .label").textContent.replace(/\.$/, "");
      this.curves = data.curves.map(curve => new Curve(curve, data.digits));
      this.groups = this.curves.filter(curve => !/^(band|low|attack)-/.test(curve.gid)).map(curve => {
        const key = curve.gid.split("-").pop();
        const [band, bottom, attack] = ["band", "low", "attack"].map(
          side => this.curves.find(one => one.gid === `${side}-${key}`));
        return {key, curve, band, bottom, attack, dot: {}, hidden: false};
      });
      this.views = Object.entries(data.views).map(([prefix, place]) => new View(prefix, place, this.groups));
      this.largest = this.views[0].largest;
      this.sizes = [...new Set(this.curves.flatMap(curve => curve.sizes))].sort((a, b) => a - b);
      const section = this.figure.closest("section");  // its tables have the curves of its first figure
      const tables = section?.querySelector("figure") === this.figure ? [...section.querySelectorAll("table")] : [];
      this.columns = tables.filter(table => table.querySelector("[data-reads]")).map(table => new Column(table, this));
      this.pinned = this.shown = null;
      this.panel(script);
      for (const view of this.views) this.listen(view);
    }

    panel(script) {
      this.field = make("input", {type: "number", min: 0, max: this.largest, step: 1, inputmode: "numeric"});
      this.said = make("p", {class: "unseen", "aria-live": "polite"});
      const hint = "Point at the figure, use the arrow keys, or type a size. A label hides its curve.";
      const keys = this.groups.map(group => {
        const name = make("span", {class: "name"}, group.curve.name);
        group.value = make("span", {class: "number"});
        group.button = make("button", {type: "button", "aria-pressed": "true"}, this.sample(group), name, group.value);
        group.button.addEventListener("click", () => this.toggle(group));
        return group.button;
      });
      const size = make("label", {class: "size"}, "e = ", this.field);
      const top = make("div", {class: "top"}, size, make("span", {class: "hint"}, hint));
      const label = `Values of ${this.name}`;
      script.before(make("div", {class: "reading", role: "group", "aria-label": label}, top,
        make("div", {class: "keys"}, ...keys), this.said));
      this.field.addEventListener("input", () => {
        const typed = this.field.value === "" ? NaN : Number(this.field.value);
        const valid = Number.isInteger(typed) && typed >= 0 && typed <= this.largest;
        this.field.setAttribute("aria-invalid", String(!valid && this.field.value !== ""));
        this.pin(valid ? typed : null);
      });
    }

    // The piece of line of a label, or of the curve where there is no label.
    sample(group) {
      const view = this.views.find(one => one.svg.getBoundingClientRect().width) ?? this.views[0];
      const [drawn] = view.parts(group, "sample");
      if (drawn) {
        const box = drawn.getBBox(), y = box.y + box.height / 2 - 5;
        return make("svg", {class: "sample", viewBox: `${box.x} ${y} 26 10`, "aria-hidden": "true"},
          make("use", {href: `#${drawn.id}`}));
      }
      const {stroke, strokeWidth, strokeDasharray} = getComputedStyle(view.parts(group)[0].querySelector("path"));
      return make("svg", {class: "sample", viewBox: "0 0 26 10", "aria-hidden": "true"}, make("line",
        {x2: 26, y1: 5, y2: 5, stroke, "stroke-width": strokeWidth, "stroke-dasharray": strokeDasharray}));
    }

    listen(view) {
      const {svg, focus} = view;
      focus.setAttribute("tabindex", "0");
      focus.setAttribute("role", "application");
      focus.setAttribute("aria-label", `${this.name}: left and right arrow keys read its values`);
      focus.addEventListener("keydown", event => this.key(event));
      svg.addEventListener("pointermove", event => {
        const e = view.size(event);
        if (event.pointerType === "mouse") this.show(e ?? this.pinned);
        else if (e !== null) this.pin(e);
      });
      svg.addEventListener("pointerleave", () => this.show(this.pinned));
      svg.addEventListener("click", event => {
        const e = view.size(event);
        if (e !== null) this.pin(e);
      });
      for (const group of this.groups)
        for (const part of view.parts(group, "sample", "label")) {
          part.classList.add("key");
          part.addEventListener("click", () => this.toggle(group));
        }
    }

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const tenth = Math.max(1, Math.round(this.sizes.length / 10)), last = this.sizes.length - 1;
      const steps = {ArrowLeft: -1, ArrowRight: 1, PageDown: -tenth, PageUp: tenth, Home: -last, End: last};
      const step = steps[event.key];
      if (event.key === "Escape") this.pin(null);
      else if (step === undefined) return;
      else if (this.pinned === null) this.pin(this.sizes[step === last ? last : 0]);
      else {
        const here = this.sizes.findIndex(size => size >= this.pinned);
        const between = this.sizes[here] > this.pinned && step > 0 ? 1 : 0;
        this.pin(this.sizes[clamp(here + (event.shiftKey ? 10 * step : step) - between, 0, last)]);
      }
      event.preventDefault();
    }

    toggle(group) {
      group.hidden = !group.hidden;
      group.button.setAttribute("aria-pressed", String(!group.hidden));
      for (const view of this.views) {
        const all = [...view.parts(group), ...view.parts(group, "band", "markers", "leader", "between", "attack")];
        all.forEach(part => part.classList.toggle("off", group.hidden));
        view.parts(group, "sample", "label").forEach(part => part.classList.toggle("dim", group.hidden));
      }
      this.show(this.shown);
    }

    // Stay at a size: the table gets its column, and screen readers say the values.
    pin(e) {
      this.pinned = e;
      this.show(e);
      this.columns.forEach(column => column.show(e));
      const values = this.groups.filter(group => !group.hidden).map(one => `${one.curve.name} ${this.text(one, e)}`);
      this.said.textContent = e === null ? "" : `e = ${e}: ${values.join("; ")}`;
    }

    show(e) {
      this.shown = e;
      this.views.forEach(view => view.show(e));
      this.groups.forEach(group => group.value.textContent = e === null ? "" : this.text(group, e));
      if (e !== null && this.field.value !== String(e)) this.field.value = e;
      else if (e === null && document.activeElement !== this.field) this.field.value = "";
    }

    // A value; with a search up to its other side, with seeds as a mean with the lowest and the highest of them.
    text(group, e) {
      const left = e === null || !group.attack ? "–" : group.attack.text(e);
      return `${this.values(group, e)}${left === "–" ? "" : `, attacked ${left} ${group.curve.unit}`}`;
    }

    values({curve, band, bottom}, e) {
      if (e !== null && bottom && curve.at(e) !== null)
        return `${curve.text(e)} (${bottom.text(e)}–${band.text(e)}) ${curve.unit}`;
      const low = e === null ? "–" : curve.text(e), high = low === "–" || !band ? "–" : band.text(e);
      return low === "–" ? low : `${low}${high === "–" || high === low ? "" : `–${high}`} ${curve.unit}`;
    }
  }

  // --- tables ------------------------------------------------------------------------------------------------------

  // A table's column at the size that its figure stays at, before those that it has anyway.
  class Column {
    constructor(table, figure) {
      const heads = [...table.tHead.rows], last = heads.pop();
      this.wide = [...heads, ...table.querySelectorAll("tbody tr:not([data-reads])")].map(row => row.cells[1]);
      this.head = make("th", {scope: "col", class: "value read"});
      this.rows = [...table.querySelectorAll("[data-reads]")].map(row => ({
        row, cell: make("td", {class: "value read"}), curve: figure.curves.find(one => one.gid === row.dataset.reads),
      }));
      this.number = make("span");
      this.head.append(this.number);
      this.places = [[last, this.head], ...this.rows.map(({row, cell}) => [row, cell])];
      this.there = false;
      new Sorting(table).head(this.head);
    }
    show(e) {
      if ((e !== null) !== this.there) {
        this.there = !this.there;
        for (const [row, cell] of this.places) if (this.there) row.cells[0].after(cell); else cell.remove();
        for (const cell of this.wide) cell.colSpan += this.there ? 1 : -1;
      }
      if (e === null) return;
      this.number.textContent = e.toLocaleString("en-US");
      const bounds = this.rows.filter(({curve}) => curve.kind === "bound");
      const best = Math.max(...bounds.map(({curve}) => curve.at(e) ?? 0));
      for (const {cell, curve} of this.rows) {
        const bold = bounds.length > 1 && curve.kind === "bound" && best > 0 && curve.at(e) === best;
        cell.replaceChildren(bold ? make("b", {}, curve.text(e)) : curve.text(e));
      }
    }
  }

  // Rows, or bodies of rows that belong together, in the order of a column; a third click restores the first order.
  class Sorting {
    static of = new WeakMap();
    constructor(table) {
      if (Sorting.of.has(table)) return Sorting.of.get(table);
      Sorting.of.set(table, this);
      this.blocks = table.tBodies.length > 1 ? [...table.tBodies] : [...(table.tBodies[0]?.rows ?? [])];
      this.row = table.tHead?.rows[table.tHead.rows.length - 1];
      for (const head of [...(this.row?.cells ?? [])])
        if (new Set(this.blocks.map(block => this.value(block, head) ?? "")).size > 1) this.head(head);
    }
    head(head) {
      head.querySelector(".unseen")?.classList.remove("unseen");
      const button = make("button", {type: "button", class: "sort", title: "Sort by this column"}, ...head.childNodes);
      button.addEventListener("click", () => this.sort(head));
      head.append(button);
    }
    value(block, head) {
      const rows = block.rows ?? [block], row = block.querySelector("tr.difference") ?? rows[0];
      const cell = head.cellIndex ? row.cells[row.cells.length - this.row.cells.length + head.cellIndex]
        : rows[0].cells[0];
      const text = !cell || cell.colSpan > 1 ? "" : cell.textContent.trim();
      if (!head.classList.contains("value")) return text || null;
      const number = parseFloat(text.replace(/,/g, "").replace("−", "-"));
      return Number.isNaN(number) ? null : number;
    }
    sort(head) {
      const first = head.classList.contains("value") ? "descending" : "ascending";
      const next = {[first]: first === "ascending" ? "descending" : "ascending"};
      const before = head.getAttribute("aria-sort"), order = before === null ? first : next[before];
      for (const cell of this.row.cells) cell.removeAttribute("aria-sort");
      if (order) head.setAttribute("aria-sort", order);
      const sign = order === "descending" ? -1 : 1;
      const sorted = this.blocks.map((block, i) => ({block, i, value: order ? this.value(block, head) : i}));
      sorted.sort((a, b) => (a.value === null) - (b.value === null) || sign * compare(a.value, b.value) || a.i - b.i);
      for (const {block} of sorted) block.parentNode.append(block);
    }
  }
  const compare = (a, b) => typeof a === "string" ? a.localeCompare(b, "en", {numeric: true}) : a - b;

  // --- tabs --------------------------------------------------------------------------------------------------------

  // The numbered sections of a page, one at a time; in print, and without scripts, they stand one below the other.
  class Tabs {
    constructor(main) {
      this.panels = [...main.querySelectorAll(':scope > section[id^="section-"]')];
      if (this.panels.length < 2) return;
      const list = make("div", {class: "tablist", role: "tablist", "aria-label": "Settings"});
      this.tabs = this.panels.map((panel, i) => {
        const heading = panel.querySelector("h2 a"), name = heading.lastChild.textContent;
        const tab = make("button", {type: "button", role: "tab", id: `tab-${panel.id}`, "aria-controls": panel.id}, name);
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", tab.id);
        tab.addEventListener("click", () => this.select(i));
        tab.addEventListener("keydown", event => this.key(event, i));
        return tab;
      });
      list.append(...this.tabs);
      this.panels[0].before(list);
      addEventListener("hashchange", () => this.follow());
      this.select(0);
      this.follow();
    }
    select(chosen) {
      this.tabs.forEach((tab, i) => {
        tab.setAttribute("aria-selected", String(i === chosen));
        tab.tabIndex = i === chosen ? 0 : -1;
        this.panels[i].classList.toggle("off", i !== chosen);
      });
    }
    key(event, i) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const last = this.tabs.length - 1;
      const next = {ArrowLeft: i ? i - 1 : last, ArrowRight: i < last ? i + 1 : 0, Home: 0, End: last}[event.key];
      if (next === undefined) return;
      event.preventDefault();
      this.select(next);
      this.tabs[next].focus();
    }
    // A link into a section shows it.
    follow() {
      const target = document.getElementById(location.hash.slice(1));
      const chosen = target ? this.panels.findIndex(panel => panel.contains(target)) : -1;
      if (chosen < 0) return;
      this.select(chosen);
      target.scrollIntoView();
    }
  }

  document.querySelectorAll("main[data-tabs]").forEach(main => new Tabs(main));
  document.querySelectorAll("table").forEach(table => new Sorting(table));
  document.querySelectorAll('figure > script[type="application/json"]').forEach(script => new Figure(script));
})();
