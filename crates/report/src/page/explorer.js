// Puts the explorer together: what is chosen, coloured and shown, and the keys.

const LEGENDS = {
  verdict: [...VERDICTS.map((name) => [name, name]), ["unknown", "not judged"], ["own", "your own"]],
  risk: [["high", "ten highest"], ["middle", "next forty"], ["low", "some risk"], ["none", "none"], ["own", "your own"]],
};

function explore() {
  const model = makeModel(JSON.parse(document.getElementById("data").textContent));
  const part = (id) => document.getElementById(id);
  const state = { selected: -1, by: model.hasVerdicts ? "verdict" : "risk", only: null, reverse: false };
  const tree = makeTree(model, part("tree"), select);
  const picture = makePicture(model, part("canvas"), part("tip"), select);
  const details = makeDetails(model, part("details"), select);
  const find = makeSearch(model, part("search"), part("results"), (node) => {
    find.clear();
    select(node);
    part("tree").focus({ preventScroll: true });
  }, (found) => picture.find(found));

  function select(node) {
    state.selected = node;
    picture.select(node, node < 0 ? [] : shortestPath(model, node));
    details.show(node);
    if (node >= 0) tree.reveal(node);
    else if (state.reverse) turn(false);
    part("turn").disabled = node < 0;
    part("said").textContent = node < 0 ? "Nothing selected" : `${model.nodes[node].label} selected`;
  }

  function turn(reverse) {
    state.reverse = reverse && state.selected >= 0;
    part("turn").setAttribute("aria-pressed", state.reverse);
    part("tree").setAttribute("aria-label", state.reverse ? "Who pulls it in" : "Dependencies");
    tree.direction(state.reverse, state.selected);
    if (state.selected >= 0) tree.reveal(state.selected);
  }

  function colour() {
    const { by, only } = state;
    const show = only === null ? null : new Set(model.nodes.filter((node) => colourOf(node, by) === only).map((node) => node.index));
    for (const name of ["verdict", "risk"]) part(`by-${name}`).setAttribute("aria-checked", by === name);
    const counts = new Map();
    for (const node of model.nodes) counts.set(colourOf(node, by), (counts.get(colourOf(node, by)) || 0) + 1);
    const entries = LEGENDS[by].filter(([name]) => counts.has(name)).map(([name, text]) => {
      const entry = button("", null, () => {
        state.only = only === name ? null : name;
        colour();
        part("legend").querySelector(`[data-class="${name}"]`).focus();
      });
      entry.dataset.class = name;
      entry.setAttribute("aria-pressed", only === name);
      entry.append(dot(name), make("span", "", text), make("span", "dim", number(counts.get(name))));
      return entry;
    });
    part("legend").replaceChildren(...entries);
    tree.colour(by, show);
    picture.colour(by, show);
  }

  function colourBy(by) {
    Object.assign(state, { by, only: null });
    colour();
  }

  function theme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    picture.theme();
  }

  const presses = {
    turn: () => turn(!state.reverse), collapse: () => tree.collapse(), expand: () => tree.expand(),
    fit: () => picture.fit(), closer: () => picture.zoom(1.3), further: () => picture.zoom(1 / 1.3),
    theme, "by-verdict": () => colourBy("verdict"), "by-risk": () => colourBy("risk"),
  };
  for (const [id, act] of Object.entries(presses)) part(id).addEventListener("click", act);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (part("search").value !== "") find.clear();
      else select(-1);
      return;
    }
    if (event.target.matches("input, textarea, select")) return;
    const acts = {
      "/": find.focus, f: picture.fit, t: theme, r: () => turn(!state.reverse),
      c: () => model.hasVerdicts && colourBy(state.by === "risk" ? "verdict" : "risk"),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => picture.theme());
  addEventListener("resize", () => tree.paint());

  part("by-verdict").disabled = !model.hasVerdicts;
  picture.theme();
  tree.direction(false, -1);
  colour();
  select(-1);
  picture.resize();
  // Milliseconds from navigation to the first picture that can be used: for measurements.
  requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.ready = Math.round(performance.now()); }));
  return { model, picture, select };
}

const explorer = explore();
