// The details of one package, or of the graph where none is chosen.

const LISTED = 40;

/** Fills `host`; `onSelect(node)` when another package is chosen there. */
function makeDetails(model, host, onSelect) {
  function section(title) {
    host.append(make("h3", "", title));
  }

  function list(rows, className = "") {
    const element = make("ul", className);
    element.append(...rows.slice(0, LISTED));
    if (rows.length > LISTED) element.append(make("li", "dim", `and ${number(rows.length - LISTED)} more`));
    host.append(element);
  }

  function link(node, label) {
    const row = make("li");
    row.append(button("link", model.nodes[node].label, () => onSelect(node)));
    if (label) row.append(make("span", "range", label));
    return row;
  }

  function facts(pairs) {
    const element = make("dl");
    for (const [name, value] of pairs) {
      if (!value) continue;
      element.append(make("dt", "", name), make("dd", "", value));
    }
    host.append(element);
  }

  function reasons(node) {
    if (!node.risk) return;
    section(`Risk: score ${number(node.risk)}, number ${number(node.rank)} here`);
    list(node.reasons.map(([points, text]) => {
      const row = make("li");
      row.append(make("span", "points", `+${points}`), document.createTextNode(text));
      return row;
    }));
  }

  function verdict(node) {
    if (!node.verdict) return;
    const line = make("p");
    line.append(make("span", `verdict ${node.verdict}`, node.verdict), make("span", "dim", ` score ${node.score}`));
    host.append(line);
    const rows = (node.findings || []).map(([severity, title, rule]) => {
      const row = make("li");
      row.append(document.createTextNode(title), make("span", "range", `${severity} · ${rule}`));
      return row;
    });
    if (rows.length > 0) list(rows);
    for (const missing of node.missing || []) host.append(make("p", "incomplete", `Not checked: ${missing}`));
  }

  function ways(index) {
    const found = waysIn(model, index, 4);
    if (found[0].length < 2) return;
    section(found.length === 1 ? "The way in" : "Ways in, shortest first");
    for (const way of found) {
      const element = make("ol", "chain");
      way.forEach((node, step) => {
        const edge = step > 0 ? model.out[way[step - 1]].find((one) => one.node === node) : null;
        const row = link(node, edge ? edge.label : "");
        row.style.setProperty("--step", Math.min(step, 12));
        element.append(row);
      });
      host.append(element);
    }
  }

  function showNode(index) {
    const node = model.nodes[index];
    host.append(make("h2", "", node.label || "(no name)"));
    host.append(make("code", "dim", node.purl));
    verdict(node);
    const leaving = (node.weight || 1) - 1;
    facts([
      ["Role", node.isOwn ? (node.role === "root" ? "your project" : "your workspace") : ""],
      ["Needed for", (node.groups || []).join(", ")],
      ["Depth", node.depth === undefined ? "nobody asks for it" : node.depth === 0 ? "" : node.depth === 1 ? "asked for directly" : `${node.depth} steps from the project`],
      ["Source", node.source],
      ["Declared in", (node.declared || []).join(", ")],
      ["Installed at", (node.installed || []).join(", ")],
      ["Also called", (node.aliases || []).join(", ")],
      ["Install script", node.installScript ? "yes" : ""],
      ["Deprecated", node.deprecated],
      ["Leave with it", node.isOwn ? "" : leaving > 0 ? counted(leaving, "other package", "other packages") : "nothing else"],
    ]);
    reasons(node);
    ways(index);
    const asks = model.into[index];
    if (asks.length > 0) {
      const all = ancestors(model, index).size;
      section(`Who pulls this in: ${number(asks.length)} directly, ${number(all)} in all`);
      list(asks.map((edge) => link(edge.node, edge.label)));
    }
    if (model.out[index].length > 0) {
      section(`Depends on ${number(model.out[index].length)}`);
      list(model.out[index].map((edge) => link(edge.node, edge.label)));
    }
  }

  function showGraph() {
    host.append(make("h2", "", "Nothing selected"));
    host.append(make("p", "dim", "Choose a package in the tree or the picture to see how it got in and what hangs on it."));
    const worst = ["malicious", "suspicious"].flatMap((verdict) => model.nodes.filter((node) => node.verdict === verdict));
    if (worst.length > 0) {
      section("To look at first");
      list(worst.map((node) => link(node.index, node.verdict)));
    }
    const risky = model.nodes.filter((node) => node.risk > 0).sort((a, b) => a.rank - b.rank).slice(0, 10);
    if (risky.length > 0) {
      section("Most hangs on");
      list(risky.map((node) => link(node.index, `risk ${node.risk}`)));
      host.append(make("p", "dim", "A risk score compares releases of one project; it is no finding."));
    }
    section("Keys");
    const keys = make("div", "keys");
    for (const [key, does] of [["/", "search"], ["↑ ↓ ← →", "walk and open the tree"], ["Enter", "choose"], ["Esc", "clear"], ["c", "colour by verdict or risk"], ["r", "turn the tree around"], ["f", "fit the picture"], ["t", "dark or light"]]) {
      const cell = make("span");
      cell.append(make("kbd", "", key));
      keys.append(cell, make("span", "", does));
    }
    host.append(keys);
  }

  return {
    show(index) {
      host.replaceChildren();
      host.scrollTop = 0;
      if (index < 0) showGraph();
      else showNode(index);
    },
  };
}
