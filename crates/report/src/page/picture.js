// The picture: projects in the middle, each ring one step further away, every package at the end of its shortest way.

const GAP = 90;
const SPACING = 9;

/** Places for all packages: angle by number of leaves, radius by depth. */
function layOut(model) {
  const { nodes, children, depth, roots, order } = model;
  const leaves = new Float64Array(nodes.length);
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const node = order[at];
    leaves[node] = Math.max(1, children[node].reduce((sum, child) => sum + leaves[child], 0));
  }
  const perRing = [];
  for (const node of order) perRing[depth[node]] = (perRing[depth[node]] || 0) + 1;
  const rings = [];
  const isSingle = roots.length === 1;
  perRing.forEach((count, ring) => {
    const before = ring === 0 ? (isSingle ? -GAP : -GAP / 3) : rings[ring - 1];
    rings.push(ring === 0 && isSingle ? 0 : Math.max(before + GAP, (count * SPACING) / (2 * Math.PI)));
  });
  const x = new Float64Array(nodes.length);
  const y = new Float64Array(nodes.length);
  const total = roots.reduce((sum, root) => sum + leaves[root], 0);
  const open = [];
  const spread = (list, from, width, whole) => {
    let angle = from;
    for (const node of list) {
      const share = (width * leaves[node]) / whole;
      open.push([node, angle, share]);
      angle += share;
    }
  };
  spread(roots, -Math.PI / 2, 2 * Math.PI, total);
  while (open.length > 0) {
    const [node, angle, share] = open.pop();
    const radius = rings[depth[node]];
    x[node] = radius * Math.cos(angle + share / 2);
    y[node] = radius * Math.sin(angle + share / 2);
    spread(children[node], angle, share, leaves[node]);
  }
  const size = nodes.map((node) => (node.isOwn ? 6 : Math.min(9, 2.2 + 0.75 * Math.sqrt((node.weight || 1) - 1))));
  return { x, y, size, rings };
}

/** A picture on `canvas`; `onSelect(node)` when one is clicked. */
function makePicture(model, canvas, tip, onSelect) {
  const places = layOut(model);
  const context = canvas.getContext("2d");
  const view = { scale: 1, x: 0, y: 0, width: 0, height: 0, touched: false };
  const state = { by: "risk", show: null, selected: -1, path: [], asks: [], uses: [], hover: -1, found: null };
  let colours = {};
  let isQueued = false;
  // By importance, so that names are given to what matters first.
  const grave = (node) => ["suspicious", "malicious"].indexOf(model.nodes[node].verdict) + 1;
  const byWeight = model.nodes.map((_, index) => index).sort((a, b) => grave(b) - grave(a) || places.size[b] - places.size[a] || a - b);

  function readColours() {
    const style = getComputedStyle(canvas);
    const probe = make("span");
    canvas.parentElement.append(probe);
    colours = { ink: style.getPropertyValue("color") };
    for (const name of [...VERDICTS, "unknown", "high", "middle", "low", "none", "own"]) {
      probe.className = `c-${name}`;
      colours[name] = getComputedStyle(probe).color;
    }
    for (const name of ["line", "paper", "dim", "accent"]) {
      probe.className = "";
      probe.style.color = `var(--${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
  }

  const sx = (node) => places.x[node] * view.scale + view.x;
  const sy = (node) => places.y[node] * view.scale + view.y;
  const shrink = () => Math.max(0.55, Math.min(1.8, Math.sqrt(view.scale) * 1.25));

  /** What must not be overlooked is never small. */
  const size = (node) => {
    const isGrave = state.by === "risk" ? model.nodes[node].riskClass === "high" : grave(node) > 0;
    return Math.max(places.size[node], isGrave ? 6.5 : 0) * shrink();
  };

  function fit() {
    const radius = Math.max(70, places.rings[places.rings.length - 1] + 24);
    view.scale = Math.min(3, Math.max(0.02, Math.min(view.width, view.height) / (2 * radius)));
    view.x = view.width / 2;
    view.y = view.height / 2;
    view.touched = false;
    queue();
  }

  function resize() {
    const box = canvas.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const [dx, dy] = [(box.width - view.width) / 2, (box.height - view.height) / 2];
    Object.assign(view, { width: box.width, height: box.height });
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!view.touched) fit();
    else Object.assign(view, { x: view.x + dx, y: view.y + dy });
    draw();
  }

  function line(from, to) {
    context.moveTo(sx(from), sy(from));
    context.lineTo(sx(to), sy(to));
  }

  function strokes(colour, width, alpha, pairs) {
    context.beginPath();
    for (const [from, to] of pairs) line(from, to);
    Object.assign(context, { strokeStyle: colour, lineWidth: width, globalAlpha: alpha });
    context.stroke();
    context.globalAlpha = 1;
  }

  const isVisible = (node) => (!state.show || state.show.has(node)) && (!state.found || state.found.has(node));

  function drawNodes() {
    const by = new Map();
    model.nodes.forEach((node, index) => {
      const key = `${colourOf(node, state.by)} ${isVisible(index) ? 1 : 0}`;
      if (!by.has(key)) by.set(key, []);
      by.get(key).push(index);
    });
    // What is grave lies on top.
    const order = ["none", "unknown", "clean", "low", "notable", "own", "middle", "incomplete", "suspicious", "high", "malicious"];
    const keys = [...by.keys()].sort((a, b) => {
      const [[left, leftOn], [right, rightOn]] = [a.split(" "), b.split(" ")];
      return leftOn - rightOn || order.indexOf(left) - order.indexOf(right);
    });
    for (const key of keys) {
      const [colour, on] = key.split(" ");
      context.beginPath();
      for (const node of by.get(key)) {
        const [px, py, radius] = [sx(node), sy(node), size(node)];
        context.moveTo(px + radius, py);
        context.arc(px, py, radius, 0, 2 * Math.PI);
      }
      Object.assign(context, { fillStyle: colours[colour], globalAlpha: on === "1" ? 1 : 0.13 });
      context.fill();
    }
    context.globalAlpha = 1;
  }

  function ring(node, radius, width) {
    context.beginPath();
    context.arc(sx(node), sy(node), size(node) + radius, 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: colours.accent, lineWidth: width });
    context.stroke();
  }

  /** Names where there is room, those on the path always. */
  function drawLabels() {
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const taken = [];
    const put = (node, force) => {
      const [right, py] = [sx(node) + size(node) + 5, sy(node)];
      if (right < -60 || sx(node) > view.width || py < 0 || py > view.height) return;
      const name = model.nodes[node].name || "(no name)";
      const text = name.length > 34 ? `${name.slice(0, 33)}…` : name;
      const width = context.measureText(text).width;
      const px = right + width > view.width ? sx(node) - size(node) - 5 - width : right;
      const box = [px - 3, py - 8, width + 6, 16];
      const hits = ([left, top, width, height]) => box[0] < left + width && left < box[0] + box[2] && box[1] < top + height && top < box[1] + box[3];
      if (!force && taken.some(hits)) return;
      taken.push(box);
      context.globalAlpha = 0.8;
      context.fillStyle = colours.paper;
      context.fillRect(...box);
      context.globalAlpha = 1;
      context.fillStyle = force ? colours.ink : colours.dim;
      context.fillText(text, px, py);
    };
    for (const node of state.path) put(node, true);
    for (const root of model.roots.slice(0, 6)) put(root, false);
    let room = Math.min(160, Math.max(14, 40 * view.scale * view.scale));
    for (const node of byWeight) {
      if (taken.length >= room) break;
      if (isVisible(node)) put(node, false);
    }
  }

  function draw() {
    isQueued = false;
    context.clearRect(0, 0, view.width, view.height);
    Object.assign(context, { strokeStyle: colours.line, lineWidth: 1 });
    for (const radius of places.rings) {
      context.beginPath();
      context.arc(view.x, view.y, radius * view.scale, 0, 2 * Math.PI);
      context.globalAlpha = 0.6;
      context.stroke();
    }
    const skeleton = [];
    model.order.forEach((node) => model.parent[node] >= 0 && skeleton.push([model.parent[node], node]));
    const isCalm = state.selected >= 0 || state.show || state.found;
    strokes(colours.dim, 0.6, isCalm ? 0.16 : 0.34, skeleton);
    if (state.selected >= 0) {
      strokes(colours.accent, 1, 0.45, state.asks.map((node) => [node, state.selected]));
      strokes(colours.accent, 1, 0.35, state.uses.map((node) => [state.selected, node]));
    }
    drawNodes();
    strokes(colours.accent, 2.5, 1, state.path.slice(1).map((node, at) => [state.path[at], node]));
    for (const node of state.path) ring(node, 1.5, 1.5);
    if (state.selected >= 0) ring(state.selected, 5, 2.5);
    if (state.hover >= 0) ring(state.hover, 3, 1.5);
    drawLabels();
  }

  function queue() {
    if (isQueued) return;
    isQueued = true;
    requestAnimationFrame(draw);
  }

  function at(px, py) {
    let best = -1;
    let nearest = 12 * 12;
    model.nodes.forEach((_, node) => {
      const distance = (sx(node) - px) ** 2 + (sy(node) - py) ** 2;
      if (distance < nearest) [best, nearest] = [node, distance];
    });
    return best;
  }

  function zoom(factor, px = view.width / 2, py = view.height / 2) {
    const scale = Math.max(0.02, Math.min(12, view.scale * factor));
    view.x = px - ((px - view.x) * scale) / view.scale;
    view.y = py - ((py - view.y) * scale) / view.scale;
    Object.assign(view, { scale, touched: true });
    queue();
  }

  function pan(dx, dy) {
    Object.assign(view, { x: view.x + dx, y: view.y + dy, touched: true });
    queue();
  }

  listen();

  function listen() {
    let drag = null;
    canvas.addEventListener("wheel", (event) => {
      // A page that scrolls keeps its wheel; with Ctrl, or where the explorer is the page, the wheel zooms.
      if (!event.ctrlKey && !document.body.classList.contains("whole")) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      drag = { x: event.offsetX, y: event.offsetY, moved: 0 };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (drag) {
        drag.moved += Math.abs(event.offsetX - drag.x) + Math.abs(event.offsetY - drag.y);
        if (drag.moved > 4) pan(event.offsetX - drag.x, event.offsetY - drag.y);
        Object.assign(drag, { x: event.offsetX, y: event.offsetY });
      }
      const hover = at(event.offsetX, event.offsetY);
      tip.hidden = hover < 0;
      if (hover >= 0) {
        tip.textContent = model.nodes[hover].label;
        tip.style.left = `${Math.min(event.offsetX + 14, view.width - 200)}px`;
        tip.style.top = `${event.offsetY + 14}px`;
      }
      if (hover !== state.hover) {
        state.hover = hover;
        queue();
      }
    });
    canvas.addEventListener("pointerup", (event) => {
      const isClick = drag && drag.moved <= 4;
      drag = null;
      const node = isClick ? at(event.offsetX, event.offsetY) : -1;
      if (isClick) onSelect(node);
    });
    canvas.addEventListener("pointerleave", () => {
      tip.hidden = true;
      state.hover = -1;
      queue();
    });
    canvas.addEventListener("keydown", (event) => {
      const acts = {
        "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(),
        ArrowLeft: () => pan(40, 0), ArrowRight: () => pan(-40, 0), ArrowUp: () => pan(0, 40), ArrowDown: () => pan(0, -40),
      };
      if (!acts[event.key] || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      acts[event.key]();
    });
    new ResizeObserver(resize).observe(canvas);
  }

  return {
    fit, zoom, resize, draw,
    theme() { readColours(); queue(); },
    colour(by, show) { Object.assign(state, { by, show }); queue(); },
    find(found) { state.found = found; queue(); },
    select(node, path) {
      const none = node < 0;
      Object.assign(state, {
        selected: node, path: none ? [] : path,
        asks: none ? [] : model.into[node].map((edge) => edge.node),
        uses: none ? [] : model.out[node].map((edge) => edge.node),
      });
      queue();
    },
    /** Where a package is on the page, in pixels of the canvas. */
    place: (node) => [sx(node), sy(node)],
  };
}
