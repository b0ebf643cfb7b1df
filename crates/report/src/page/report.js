// The report's own controls: which verdicts are listed, and a filter by text.
"use strict";

function filterReleases() {
  const input = document.getElementById("filter");
  const none = document.getElementById("no-match");
  const releases = [...document.querySelectorAll(".release")].map((element) => [element, element.dataset.name.toLowerCase()]);
  if (!input) return;
  input.addEventListener("input", () => {
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [element, name] of releases) {
      element.hidden = !words.every((word) => name.includes(word));
      shown += element.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll(".releases")) {
      group.hidden = ![...group.querySelectorAll(".release")].some((element) => !element.hidden);
    }
    none.hidden = shown > 0;
  });
}

/** The switch of the theme where no explorer has one. */
function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

filterReleases();
if (!document.getElementById("data")) {
  document.getElementById("theme").addEventListener("click", switchTheme);
  document.documentElement.dataset.ready = Math.round(performance.now());
}
