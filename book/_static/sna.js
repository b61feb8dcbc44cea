// What is wider than its box scrolls inside it, and only then is a stop of the keyboard.
const markScrolling = () => {
  for (const box of document.querySelectorAll(".sna-scroll, .pst-scrollable-table-container")) {
    if (!box.clientWidth) continue;
    if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
};
addEventListener("DOMContentLoaded", markScrolling);
addEventListener("load", markScrolling);
addEventListener("resize", markScrolling);
addEventListener("toggle", markScrolling, true);

// What is folded away is printed all the same, and printed light; afterwards the page is as it was.
let folded = [];
let theme;
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const fold of folded) fold.open = true;
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  for (const fold of folded) fold.open = false;
  if (theme) document.documentElement.dataset.theme = theme;
});
