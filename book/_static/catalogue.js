// The list of editions narrows to what is typed; the count is told to screen readers.
(() => {
  const field = document.getElementById("area");
  const items = [...document.querySelectorAll("#editions > li")];
  const found = document.getElementById("found");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", colour);
  colour();
  field.form.addEventListener("submit", event => {
    event.preventDefault();
    items.find(item => !item.hidden)?.querySelector("a").focus();
  });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) item.hidden = !words.every(word => item.dataset.words.includes(word));
    const count = items.filter(item => !item.hidden).length;
    found.textContent = count ? `${count} ${count === 1 ? "edition" : "editions"}.` : "No edition with these words.";
  });
})();
