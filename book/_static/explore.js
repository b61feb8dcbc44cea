// The interactive map: loaded with its own file when a reader asks to find a neighbourhood.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const folder = new URL("../exhibits/", document.currentScript.src);
  const waiting = new Map();
  window.snaMap = (id, data) => waiting.get(id)?.(data);

  const load = id => new Promise((resolve, reject) => {
    waiting.set(id, resolve);
    const script = document.createElement("script");
    script.src = new URL(`${id}.places.js`, folder);
    script.onerror = () => reject(new Error("no file"));
    document.head.append(script);
  });

  const made = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const drawn = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const line = (points, end) => "M" + points.reduce((text, value, place) => text + (place ? (place % 2 ? " " : "L") : "") + value, "") + end;

  const table = (data, place) => {
    const head = made("tr", {}, made("th", { scope: "col" }, "Neighbourhood"), ...data.columns.map(words => made("th", { scope: "col", class: "sna-number" }, words)));
    const rows = [place, ...data.near[place]].map((row, number) =>
      made("tr", number ? {} : { class: "sna-chosen" }, made("th", { scope: "row" }, data.names[row] + (number ? "" : " (chosen)")), ...data.rows[row].map(cell => made("td", { class: "sna-number" }, cell))));
    const caption = made("caption", {}, `${data.names[place]} and the ${data.near[place].length} neighbourhoods that touch it. ${data.subtitle}.`);
    const box = made("div", { class: "sna-scroll", role: "group", tabindex: "0", "aria-label": `Figures of ${data.names[place]}` }, made("table", { class: "sna-table" }, caption, made("thead", {}, head), made("tbody", {}, ...rows)));
    return box;
  };

  const picture = (data, choose) => {
    const svg = drawn("svg", { viewBox: `0 0 1000 ${data.height}`, class: "sna-map", "aria-hidden": "true" });
    const shapes = data.places.map((rings, place) => {
      const path = drawn("path", { d: rings.map(ring => line(ring, "Z")).join(""), fill: `var(--sna-${data.colours[data.classes[place]].slice(1)})` });
      path.append(drawn("title", {}));
      path.lastChild.textContent = data.names[place];
      path.addEventListener("click", () => choose(place));
      return path;
    });
    svg.append(...shapes, ...data.borders.map(border => drawn("path", { d: line(border, ""), class: "sna-border" })));
    return { svg, shapes };
  };

  // Zooming and moving change the part of the picture that is seen; buttons do what the wheel and the pointer do.
  const movable = (svg, height) => {
    const view = { x: 0, y: 0, scale: 1 };
    const show = () => {
      view.scale = Math.min(12, Math.max(1, view.scale));
      view.x = Math.min(1000 - 1000 / view.scale, Math.max(0, view.x));
      view.y = Math.min(height - height / view.scale, Math.max(0, view.y));
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${1000 / view.scale} ${height / view.scale}`);
    };
    const zoom = (factor, x = view.x + 500 / view.scale, y = view.y + height / view.scale / 2) => {
      const scale = Math.min(12, Math.max(1, view.scale * factor));
      view.x = x - (x - view.x) * (view.scale / scale);
      view.y = y - (y - view.y) * (view.scale / scale);
      view.scale = scale;
      show();
    };
    const pan = (x, y) => { view.x += (x * 300) / view.scale; view.y += (y * 300) / view.scale; show(); };
    const point = event => {
      const box = svg.getBoundingClientRect();
      return [view.x + ((event.clientX - box.left) / box.width) * (1000 / view.scale), view.y + ((event.clientY - box.top) / box.height) * (height / view.scale)];
    };
    svg.addEventListener("wheel", event => { if (event.ctrlKey || view.scale > 1) { event.preventDefault(); zoom(event.deltaY < 0 ? 1.25 : 0.8, ...point(event)); } }, { passive: false });
    let held;
    svg.addEventListener("pointerdown", event => { held = view.scale > 1 ? point(event) : undefined; });
    svg.addEventListener("pointermove", event => {
      if (!held || !event.buttons) return;
      const [x, y] = point(event);
      view.x += held[0] - x;
      view.y += held[1] - y;
      show();
    });
    const centre = ring => { view.scale = Math.max(view.scale, 3); view.x = ring[0] - 500 / view.scale; view.y = ring[1] - height / view.scale / 2; show(); };
    return { zoom, pan, centre, reset: () => { Object.assign(view, { x: 0, y: 0, scale: 1 }); show(); } };
  };

  const build = (id, data, place) => {
    const figures = made("div", { role: "status" });
    const select = made("select", { id: `${id}-choice` }, made("option", { value: "" }, "Choose a neighbourhood"));
    for (const group of [...new Set(data.groups)].sort()) {
      const names = data.names.map((name, number) => [name, number]).filter(([, number]) => data.groups[number] === group).sort(([a], [b]) => a.localeCompare(b));
      select.append(made("optgroup", { label: group || "All" }, ...names.map(([name, number]) => made("option", { value: number }, name))));
    }
    const choose = number => {
      select.value = String(number);
      for (const shape of shapes) shape.classList.remove("sna-chosen", "sna-near");
      shapes[number].classList.add("sna-chosen");
      for (const near of data.near[number]) shapes[near].classList.add("sna-near");
      svg.append(...data.near[number].map(near => shapes[near]), shapes[number]);
      figures.replaceChildren(table(data, number));
    };
    const { svg, shapes } = picture(data, choose);
    const view = movable(svg, data.height);
    select.addEventListener("change", () => { if (select.value) { choose(Number(select.value)); view.centre(data.places[Number(select.value)][0]); } });
    const button = (words, action) => { const one = made("button", { type: "button", class: "sna-button sna-small" }, words); one.addEventListener("click", action); return one; };
    const bar = made("div", { class: "sna-map-bar", role: "group", "aria-label": "Move the map" },
      button("Zoom in", () => view.zoom(1.6)), button("Zoom out", () => view.zoom(0.625)), button("Left", () => view.pan(-1, 0)), button("Right", () => view.pan(1, 0)),
      button("Up", () => view.pan(0, -1)), button("Down", () => view.pan(0, 1)), button("Whole map", view.reset));
    const key = made("ul", { class: "sna-map-key" }, ...data.legend.map((words, number) => {
      const patch = drawn("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" });
      patch.append(drawn("rect", { width: 10, height: 10, fill: `var(--sna-${data.colours[number].slice(1)})` }));
      return made("li", {}, patch, words);
    }));
    place.append(made("p", {}, made("label", { for: select.id }, "Neighbourhood "), select), figures, made("p", {}, made("a", { href: new URL(`${id}.csv`, folder).href, download: "" }, "All neighbourhoods as a data file (CSV)")), bar, made("div", { class: "sna-map-box" }, svg), key);
    select.focus();
  };

  window.snaExplore = async (id, place) => {
    try {
      build(id, await load(id), place);
    } catch {
      place.append(made("p", { role: "status" }, "The map could not be loaded. The picture above and its data table hold the same figures."));
    }
  };
})();
