// Light, dark, or as the device says.
const page = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const setMode = mode => {
  page.dataset.mode = mode;
  page.dataset.theme = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
  try { localStorage.setItem("sna-mode", mode); } catch { /* storage is off: the choice holds for this page */ }
};
dark.addEventListener("change", () => page.dataset.mode === "auto" && setMode("auto"));
addEventListener("click", event => {
  const button = event.target.closest(".theme-switch-button");
  if (!button) return;
  const modes = dark.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
  setMode(modes[(modes.indexOf(page.dataset.mode) + 1) % modes.length]);
});

// The contents, and the list of sections: beside the page where there is room, else in a dialog.
const bindSidebar = (name, room) => {
  const button = document.querySelector(`.${name}-toggle`);
  const sidebar = document.getElementById(`pst-${name}-sidebar`);
  const dialog = document.getElementById(`pst-${name}-sidebar-modal`);
  if (!button || !sidebar || !dialog) return;
  const wide = matchMedia(room);
  button.addEventListener("click", () => {
    if (wide.matches) {
      sidebar.classList.toggle("pst-sidebar-hidden");
      return;
    }
    dialog.className = sidebar.className;
    dialog.append(...sidebar.childNodes);
    dialog.showModal();
  });
  dialog.addEventListener("close", () => sidebar.append(...dialog.childNodes));
  dialog.addEventListener("click", event => (event.target === dialog || event.target.closest("a")) && dialog.close());
  wide.addEventListener("change", () => dialog.open && dialog.close());
};

// The section in sight is marked in the list of sections.
const followSections = () => {
  const links = new Map([...document.querySelectorAll("#pst-page-toc-nav a")].map(link => [link.hash.slice(1), link]));
  const heads = [...links.keys()].map(id => document.getElementById(id)).filter(Boolean);
  if (!heads.length) return;
  const mark = () => {
    const above = heads.filter(head => head.getBoundingClientRect().top < innerHeight / 3);
    const current = (above.pop() ?? heads[0]).id;
    for (const [id, link] of links) {
      link.classList.toggle("active", id === current);
      if (id === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
};

document.addEventListener("DOMContentLoaded", () => {
  bindSidebar("primary", "(min-width: 992px)");
  bindSidebar("secondary", "(min-width: 1200px)");
  followSections();
});

// A link into a folded part opens it.
const unfold = () => {
  for (let part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1))); part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
};
addEventListener("hashchange", unfold);
addEventListener("DOMContentLoaded", unfold);

// What is wider than its box scrolls inside it, and only then is a stop of the keyboard.
const markScrolling = () => {
  for (const box of document.querySelectorAll(".sna-scroll, .pst-scrollable-table-container")) {
    if (!box.clientWidth) continue;
    if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
};
// Measuring every box lays the whole page out, so it waits until the page is seen.
addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(markScrolling));
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

// The interactive map comes only when it is asked for.
addEventListener("click", event => {
  const button = event.target.closest("[data-explore]");
  if (!button) return;
  const place = document.getElementById(button.getAttribute("aria-controls"));
  place.hidden = !place.hidden;
  button.setAttribute("aria-expanded", String(!place.hidden));
  if (place.hidden || place.childNodes.length) return;
  const start = () => window.snaExplore(button.dataset.explore, place);
  if (window.snaExplore) { start(); return; }
  const script = document.createElement("script");
  script.src = "_static/explore.js";
  script.addEventListener("load", start);
  document.head.append(script);
});

// A click on a column's heading sorts a table by it; a second click turns the order round.
const cellValue = cell => {
  const words = cell.textContent.trim();
  const number = Number(words.replace(/,/g, "").replace(/−/g, "-").replace(/%$/, "").replace(/ \[u\]$/, ""));
  return words.startsWith("[") ? null : words !== "" && !Number.isNaN(number) ? number : words;
};
const compared = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en-GB"));
const sortTable = (table, column, order) => {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, value: cellValue(row.cells[column]) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.place - b.place;
    return compared(a.value, b.value) * order || a.place - b.place;
  });
  body.append(...rows.map(item => item.row));
};
const makeSortable = table => {
  const heads = [...table.tHead.rows[0].cells];
  if (table.tBodies[0].rows.length < 3 || table.querySelector("[rowspan], [colspan]")) return;
  for (const [column, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sna-sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order > 0 ? "ascending" : "descending");
      sortTable(table, column, order);
    });
  }
};
addEventListener("DOMContentLoaded", () => document.querySelectorAll("table.sna-table").forEach(makeSortable));

// A picture as pixels: drawn from the picture on the page, always light, with its title above and its source below.
const PIXELS = 2;
const WIDE = 620;
const wrapped = (pen, words, width) => {
  const lines = [""];
  for (const word of words.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (pen.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
};
const drawPixels = async figure => {
  const svg = figure.querySelector(".sna-wide svg.sna-figure") ?? figure.querySelector("svg.sna-figure");
  const text = new XMLSerializer().serializeToString(svg).replace(/var\(--sna-\w+,(#[0-9a-f]{6})\)/gi, "$1").replace("<svg ", '<svg font-family="Arial, sans-serif" ');
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const say = [[".sna-title", "bold 20px Georgia, serif", "#12324f", 26], [".sna-subtitle", "15px Arial, sans-serif", "#4a5765", 20], [".sna-source", "11px Arial, sans-serif", "#4a5765", 15]].map(([part, font, colour, step]) => {
    pen.font = font;
    return { font, colour, step, lines: wrapped(pen, figure.querySelector(part).textContent, WIDE - 40) };
  });
  const tall = part => part.lines.length * part.step;
  const scale = (WIDE - 40) / image.width;
  canvas.width = WIDE * PIXELS;
  canvas.height = Math.ceil((60 + say.map(tall).reduce((a, b) => a + b) + image.height * scale) * PIXELS);
  pen.scale(PIXELS, PIXELS);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, WIDE, canvas.height);
  let top = 10;
  for (const [number, part] of say.entries()) {
    if (number === 2) { pen.drawImage(image, 20, top + 8, WIDE - 40, image.height * scale); top += image.height * scale + 18; }
    pen.font = part.font;
    pen.fillStyle = part.colour;
    for (const words of part.lines) { top += part.step; pen.fillText(words, 20, top); }
  }
  return canvas.toDataURL("image/png");
};
addEventListener("click", async event => {
  const button = event.target.closest(".sna-png");
  if (!button) return;
  const figure = button.closest("figure");
  const link = document.createElement("a");
  link.href = await drawPixels(figure);
  link.download = `${figure.id}.png`;
  link.click();
});
