// The graph as the page's data gives it, and questions about it. Nothing here touches the document.
"use strict";

const VERDICTS = ["malicious", "suspicious", "incomplete", "notable", "clean"];

/** Reads the data: `nodes`, `edges` as [from, to, index into `labels`], `labels`. */
function makeModel(data) {
  const nodes = data.nodes;
  const count = nodes.length;
  const out = Array.from({ length: count }, () => []);
  const into = Array.from({ length: count }, () => []);
  for (const [from, to, label] of data.edges) {
    out[from].push({ node: to, label: data.labels[label] });
    into[to].push({ node: from, label: data.labels[label] });
  }
  nodes.forEach((node, index) => {
    node.index = index;
    node.label = node.version ? `${node.name}@${node.version}` : node.name;
    node.key = `${node.label} ${node.purl}`.toLowerCase();
    node.isOwn = node.role !== "dependency";
  });
  const model = { nodes, out, into, hasVerdicts: data.hasVerdicts, roots: [], parent: [], depth: [], children: [] };
  span(model);
  rank(model);
  return model;
}

/** A spanning forest by breadth: the shortest way to every package. Whatever no project leads to gets a root of its own. */
function span(model) {
  const { nodes, out, into } = model;
  const count = nodes.length;
  const parent = new Int32Array(count).fill(-1);
  const depth = new Int32Array(count).fill(-1);
  const children = Array.from({ length: count }, () => []);
  const order = [];
  const grow = (starts) => {
    const queue = starts.filter((start) => depth[start] < 0);
    for (const start of queue) depth[start] = 0;
    model.roots.push(...queue);
    for (let at = 0; at < queue.length; at += 1) {
      const node = queue[at];
      order.push(node);
      for (const next of out[node]) {
        if (depth[next.node] >= 0) continue;
        depth[next.node] = depth[node] + 1;
        parent[next.node] = node;
        children[node].push(next.node);
        queue.push(next.node);
      }
    }
  };
  const all = nodes.map((_, index) => index);
  grow(all.filter((index) => nodes[index].role === "root"));
  grow(all.filter((index) => nodes[index].isOwn));
  grow(all.filter((index) => into[index].length === 0));
  for (const index of all) grow([index]);
  Object.assign(model, { parent, depth, children, order });
}

/** Classes of risk: a score only compares releases of one graph, so ranks are what is shown. */
function rank(model) {
  const scored = model.nodes.filter((node) => node.risk > 0).sort((a, b) => b.risk - a.risk || a.index - b.index);
  scored.forEach((node, at) => {
    node.rank = at + 1;
    node.riskClass = at < 10 ? "high" : at < 50 ? "middle" : "low";
  });
}

/** The class of colour of a package. */
function colourOf(node, by) {
  if (by === "risk") return node.riskClass || (node.isOwn ? "own" : "none");
  return node.verdict || (node.isOwn ? "own" : "unknown");
}

/** Nodes from a root to this one, by the shortest way. */
function shortestPath(model, index) {
  const path = [];
  for (let at = index; at >= 0; at = model.parent[at]) path.push(at);
  return path.reverse();
}

/** Further ways from a root, at most `limit`, none longer than the graph needs: each through another package that asks. */
function waysIn(model, index, limit) {
  const ways = [];
  for (const asks of model.into[index].slice().sort((a, b) => model.depth[a.node] - model.depth[b.node])) {
    const way = shortestPath(model, asks.node);
    if (way.includes(index)) continue;
    ways.push([...way, index]);
    if (ways.length >= limit) break;
  }
  return ways.length > 0 ? ways : [shortestPath(model, index)];
}

/** Everything that leads to a package, itself not counted. */
function ancestors(model, index) {
  const seen = new Set([index]);
  const open = [index];
  while (open.length > 0) {
    for (const asks of model.into[open.pop()]) {
      if (!seen.has(asks.node)) {
        seen.add(asks.node);
        open.push(asks.node);
      }
    }
  }
  seen.delete(index);
  return seen;
}

/** Packages that hold all words, those whose name begins with the text first. */
function search(model, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const words = wanted.split(/\s+/);
  const score = (node) => {
    const name = node.name.toLowerCase();
    if (name === wanted || node.label.toLowerCase() === wanted) return 0;
    return name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3;
  };
  return model.nodes
    .filter((node) => words.every((word) => node.key.includes(word)))
    .map((node) => [score(node), node])
    .sort((a, b) => a[0] - b[0] || a[1].name.length - b[1].name.length || a[1].index - b[1].index)
    .map((pair) => pair[1]);
}
