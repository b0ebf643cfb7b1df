// The search box and its list of results (the combobox pattern of ARIA).

const SHOWN = 60;

/** Wires `input` and `list`; `onSelect(node)` for a result, `onFind(set or null)` for all of them. */
function makeSearch(model, input, list, onSelect, onFind) {
  let results = [];
  let active = -1;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(at) {
    active = at;
    [...list.children].forEach((item, index) => item.getAttribute("role") === "option" && item.setAttribute("aria-selected", index === at));
    const item = list.children[at];
    if (!item) return;
    item.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", item.id);
  }

  function choose(at) {
    if (!results[at]) return;
    close();
    onSelect(results[at].index);
  }

  function show() {
    results = search(model, input.value);
    if (input.value.trim() === "") {
      close();
      onFind(null);
      return;
    }
    const items = results.slice(0, SHOWN).map((node, at) => {
      const item = make("li");
      item.id = `result-${at}`;
      item.setAttribute("role", "option");
      item.append(dot(colourOf(node, model.hasVerdicts ? "verdict" : "risk")), make("span", "", node.name), make("span", "version", node.version || ""));
      item.addEventListener("pointerdown", (event) => event.preventDefault());
      item.addEventListener("click", () => choose(at));
      return item;
    });
    const more = results.length - items.length;
    if (results.length === 0) items.push(make("li", "note", "No package of that name."));
    else if (more > 0) items.push(make("li", "note", `and ${number(more)} more`));
    list.replaceChildren(...items);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    point(results.length > 0 ? 0 : -1);
    onFind(new Set(results.map((node) => node.index)));
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", () => input.value && show());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const last = Math.min(results.length, SHOWN) - 1;
    if (event.key === "ArrowDown") point(Math.min(last, active + 1));
    else if (event.key === "ArrowUp") point(Math.max(0, active - 1));
    else if (event.key === "Enter") choose(active);
    else return;
    event.preventDefault();
  });
  return {
    focus() {
      input.focus();
      input.select();
    },
    clear() {
      input.value = "";
      close();
      onFind(null);
    },
  };
}
