// The tree: only the rows in view are elements, so that size does not matter.

const ROW = 24;
const INDENT = 14;

/** A tree in `host`; `onSelect(node)` when a row is chosen. */
function makeTree(model, host, onSelect) {
  const space = make("div");
  host.append(space);
  const state = { reverse: false, starts: model.roots, open: new Set(), rows: [], active: 0, path: new Set(), show: null, by: "risk" };
  const next = (node) => (state.reverse ? model.into[node] : model.out[node]);

  /** The rows that are open, from top to bottom; a package within itself is not opened again. */
  function flatten() {
    const rows = [];
    const open = state.starts.map((node, at) => ({ node, level: 1, key: `${node}`, parent: -1, at: at + 1, of: state.starts.length, label: "", above: null })).reverse();
    while (open.length > 0) {
      const row = open.pop();
      row.index = rows.length;
      rows.push(row);
      row.isCycle = false;
      for (let up = row.above; up; up = up.above) row.isCycle ||= up.node === row.node;
      row.isLeaf = row.isCycle || next(row.node).length === 0;
      if (row.isLeaf || !state.open.has(row.key)) continue;
      const below = next(row.node).map((edge, at, all) => ({
        node: edge.node, level: row.level + 1, key: `${row.key}/${edge.node}`, parent: row.index,
        at: at + 1, of: all.length, label: edge.label, above: row,
      }));
      open.push(...below.reverse());
    }
    state.rows = rows;
    state.active = Math.min(state.active, Math.max(0, rows.length - 1));
  }

  function element(row) {
    const node = model.nodes[row.node];
    const item = make("div", "row");
    item.id = `row-${row.index}`;
    item.setAttribute("role", "treeitem");
    item.setAttribute("aria-level", row.level);
    item.setAttribute("aria-setsize", row.of);
    item.setAttribute("aria-posinset", row.at);
    item.setAttribute("aria-selected", row.index === state.active);
    const isOpen = state.open.has(row.key);
    if (!row.isLeaf) item.setAttribute("aria-expanded", isOpen);
    item.classList.toggle("active", row.index === state.active);
    item.classList.toggle("path", state.path.has(row.key));
    item.classList.toggle("faded", state.show !== null && !state.show.has(row.node));
    item.style.top = `${row.index * ROW}px`;
    item.style.paddingLeft = `${6 + (row.level - 1) * INDENT}px`;
    const twist = make("span", "twist", row.isCycle ? "↻" : row.isLeaf ? "" : isOpen ? "▼" : "▶");
    twist.setAttribute("aria-hidden", "true");
    item.append(twist, dot(colourOf(node, state.by)), make("span", "name", node.name || "(no name)"));
    if (node.version) item.append(make("span", "version", node.version));
    if (!row.isLeaf && !isOpen) item.append(make("span", "more", `+${number(next(row.node).length)}`));
    item.title = row.label ? `${node.label}, asked for as ${row.label}` : node.label;
    item.addEventListener("click", (event) => {
      state.active = row.index;
      if (event.target === twist) toggle(row);
      onSelect(row.node);
    });
    item.addEventListener("dblclick", () => toggle(row));
    return item;
  }

  function paint() {
    const first = Math.max(0, Math.floor(host.scrollTop / ROW) - 8);
    const last = Math.min(state.rows.length, Math.ceil((host.scrollTop + host.clientHeight) / ROW) + 8);
    space.style.height = `${state.rows.length * ROW}px`;
    const shown = state.rows.slice(first, last);
    const active = state.rows[state.active];
    // The active row has to exist for those who are told of it by its id.
    if (active && (active.index < first || active.index >= last)) shown.push(active);
    space.replaceChildren(...shown.map(element));
    if (active) host.setAttribute("aria-activedescendant", `row-${active.index}`);
    else host.removeAttribute("aria-activedescendant");
  }

  function refresh() {
    flatten();
    paint();
  }

  function toggle(row, open = !state.open.has(row.key)) {
    if (row.isLeaf) return;
    if (open) state.open.add(row.key);
    else state.open.delete(row.key);
    refresh();
  }

  function intoView() {
    const top = state.active * ROW;
    if (top < host.scrollTop) host.scrollTop = Math.max(0, top - ROW);
    else if (top + ROW > host.scrollTop + host.clientHeight) host.scrollTop = top + 2 * ROW - host.clientHeight;
  }

  function move(index) {
    const row = state.rows[Math.max(0, Math.min(state.rows.length - 1, index))];
    if (!row) return;
    state.active = row.index;
    intoView();
    onSelect(row.node);
  }

  host.addEventListener("scroll", () => paint(), { passive: true });
  host.addEventListener("keydown", (event) => {
    const row = state.rows[state.active];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(host.clientHeight / ROW) - 1);
    const acts = {
      ArrowDown: () => move(state.active + 1),
      ArrowUp: () => move(state.active - 1),
      PageDown: () => move(state.active + page),
      PageUp: () => move(state.active - page),
      Home: () => move(0),
      End: () => move(state.rows.length - 1),
      ArrowRight: () => (row.isLeaf ? null : state.open.has(row.key) ? move(state.active + 1) : toggle(row, true)),
      ArrowLeft: () => (state.open.has(row.key) && !row.isLeaf ? toggle(row, false) : row.parent >= 0 ? move(row.parent) : null),
      Enter: () => { toggle(row); onSelect(row.node); },
      " ": () => toggle(row),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });

  return {
    refresh,
    paint,
    /** Opens the way to a package and makes its row the active one. */
    reveal(node) {
      const current = state.rows[state.active];
      const path = state.reverse ? [] : shortestPath(model, node);
      if (state.reverse) {
        if (!current || current.node !== node) Object.assign(state, { starts: [node], open: new Set([`${node}`]), active: 0 });
      } else if (!current || current.node !== node) {
        path.slice(0, -1).forEach((_, at) => state.open.add(path.slice(0, at + 1).join("/")));
      }
      flatten();
      const there = state.rows[state.active];
      if (!there || there.node !== node) state.active = Math.max(0, state.rows.findIndex((row) => row.key === path.join("/")));
      state.path = new Set();
      for (let row = state.rows[state.active]; row; row = row.above) state.path.add(row.key);
      paint();
      intoView();
      paint();
    },
    colour(by, show) {
      Object.assign(state, { by, show });
      paint();
    },
    /** Dependencies from the projects on, or what leads to `node`. */
    direction(reverse, node) {
      const starts = reverse ? [node] : model.roots;
      Object.assign(state, { reverse, starts, open: new Set(starts.length < 20 ? starts.map(String) : []), active: 0, path: new Set() });
      refresh();
    },
    collapse() {
      Object.assign(state, { open: new Set(), active: 0 });
      host.scrollTop = 0;
      refresh();
    },
    /** Every package once, where it is first met. */
    expand() {
      const seen = new Set();
      const open = state.starts.map((node) => [node, `${node}`]);
      for (let at = 0; at < open.length; at += 1) {
        const [node, key] = open[at];
        if (seen.has(node)) continue;
        seen.add(node);
        state.open.add(key);
        for (const edge of next(node)) open.push([edge.node, `${key}/${edge.node}`]);
      }
      refresh();
    },
  };
}
