// Wide tables scroll inside their own box; say so only where there is something to scroll, and make it reachable.
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".sna-scroll")) {
    if (box.scrollWidth <= box.clientWidth && !box.closest("details")) box.removeAttribute("tabindex");
  }
});

// What is folded away is printed all the same.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
