// The theme is the system's until the operator chooses one.
const key = "gridward-theme";

function stored(): "light" | "dark" | null {
  const s = localStorage.getItem(key);
  return s === "light" || s === "dark" ? s : null;
}

class Theme {
  dark = $state(false);

  constructor() {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      this.dark = (stored() ?? (system.matches ? "dark" : "light")) === "dark";
      document.documentElement.dataset.theme = this.dark ? "dark" : "light";
    };
    system.addEventListener("change", apply);
    apply();
  }

  toggle() {
    this.dark = !this.dark;
    const name = this.dark ? "dark" : "light";
    localStorage.setItem(key, name);
    document.documentElement.dataset.theme = name;
  }
}

export const theme = new Theme();
