// Light, dark, or what the system says. No module, so that it runs before the first paint.
(() => {
  const NEXT = { auto: "light", light: "dark", dark: "auto" };
  const KEPT = "smacs-theme";

  function kept() {
    try {
      return localStorage.getItem(KEPT) ?? "auto";
    } catch {
      return "auto"; // a file, or a browser that keeps nothing
    }
  }

  function set(theme) {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${theme}`;
  }

  function turn() {
    const theme = NEXT[document.documentElement.dataset.theme] ?? "auto";
    set(theme);
    try {
      localStorage.setItem(KEPT, theme);
    } catch {
      return; // then it holds until the page is closed
    }
  }

  set(kept());
  document.addEventListener("DOMContentLoaded", () => {
    set(document.documentElement.dataset.theme);
    document.getElementById("theme").addEventListener("click", turn);
  });
})();
