/* Runs before the first paint, so that a chosen theme does not flash in the other one's colours.
   The Content-Security-Policy forbids inline scripts: hence a file. */
(function () {
  try {
    var theme = localStorage.getItem("runstone.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    /* storage may be blocked; the system's theme is used */
  }
})();
